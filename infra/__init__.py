"""What surrounds the code: queues, the deployment, and the stack that serves everything on one machine."""
