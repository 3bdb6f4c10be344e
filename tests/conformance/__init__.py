"""What this project relies on in DynamoDB and SQS, asked of every implementation it runs on."""
