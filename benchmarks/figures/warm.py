"""Imported once, by the process from which all others are forked: everything that answering and working need."""

from __future__ import annotations

import warnings

warnings.simplefilter("ignore")
import app  # noqa: E402, F401
from chalicelib.adapters import aws, http_client, vault  # noqa: E402, F401
from chalicelib.adapters.javascript import sandbox  # noqa: E402, F401
from infra.local import gateway, stack, workers  # noqa: E402, F401

stack.handlers()
aws.reset(is_local=True)
for _service in ("dynamodb", "sqs"):
    aws.client(_service)
