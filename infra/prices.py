"""List prices the cost model reckons with: us-east-1, US dollars, without free tiers and savings plans.

They change; a region differs by up to a third. Put your own here and run `python -m infra.costs`.
"""

from __future__ import annotations

GATEWAY_PER_MILLION = 3.50  # REST API, first 333 million requests a month
LAMBDA_PER_MILLION = 0.20
LAMBDA_GB_S_ARM = 0.0000133334
SQS_PER_MILLION = 0.40
DYNAMODB_WRITE_PER_MILLION = 0.625  # on demand, 1 KB
DYNAMODB_READ_PER_MILLION = 0.125  # on demand, 4 KB consistent; half of it eventually consistent
DYNAMODB_GB_MONTH = 0.25
DYNAMODB_PITR_GB_MONTH = 0.20
KMS_PER_MILLION = 3.00
KMS_KEY_MONTH = 1.00
LOGS_GB = 0.50
ALARM_MONTH = 0.10
DASHBOARD_MONTH = 3.00
S3_GB_MONTH = 0.023
TRANSFER_GB = 0.09
