"""List prices the cost model reckons with: us-east-1, US dollars, without free tiers and savings plans.

They change; a region differs by up to a third. Put your own here and run `python -m infra.costs`. The page behind each
was read in 2026; "second hand" is a page that quotes AWS's own, "not verified" is a figure no page was found for.
"""

from __future__ import annotations

# docs.aws.amazon.com/whitepapers/latest/best-practices-api-gateway-private-apis-integration/cost-optimization.html
GATEWAY_PER_MILLION = 3.50  # REST API, first 333 million requests a month
# cloudchipr.com/blog/aws-lambda-pricing, second hand
LAMBDA_PER_MILLION = 0.20
LAMBDA_GB_S_ARM = 0.0000133334  # x86-64: 0.0000166667
# cloudburn.io/blog/amazon-sqs-pricing, second hand
SQS_PER_MILLION = 0.40  # a request carries 64 KB; each further 64 KB is another
# airbyte.com/data-engineering-resources/dynamodb-pricing, second hand: since November 2024
DYNAMODB_WRITE_PER_MILLION = 0.625  # on demand, 1 KB
DYNAMODB_READ_PER_MILLION = 0.125  # on demand, 4 KB consistent; half of it eventually consistent
DYNAMODB_GB_MONTH = 0.25  # not verified
DYNAMODB_PITR_GB_MONTH = 0.20  # not verified
KMS_PER_MILLION = 3.00  # wring.co/blog/aws-kms-pricing-guide, second hand
KMS_KEY_MONTH = 1.00  # aws.amazon.com/kms/pricing; each yearly rotation adds as much
# factualminds.com/blog/amazon-cloudwatch-pricing-metrics-logs-alarms-dashboards, second hand
LOGS_GB = 0.50
DASHBOARD_MONTH = 3.00
ALARM_MONTH = 0.10  # not verified; of each metric an alarm looks at
METRIC_MONTH = 0.30  # the first 10,000; by the hours in which it has values
TRANSFER_GB = 0.09  # awsforengineers.com/blog/aws-api-gateway-pricing-explained, second hand: out to the internet
