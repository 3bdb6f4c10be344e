"""Events as AWS shapes them: REST API proxy, SQS batch, schedule."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

from infra.local.gateway import Router

Json = dict[str, Any]
_ACCOUNT, _REGION = "123456789012", "eu-central-1"


def http(paths: Any, method: str, path: str, body: Any, headers: Json) -> Json:
    """Build what API Gateway sends to a Lambda proxy; `paths` are the resources of the deployed definition."""
    plain, _, query = path.partition("?")
    resource, values = Router(one for one in paths if "+" not in one).find(plain)
    pairs = parse_qsl(query, keep_blank_values=True)
    sent = {"Content-Type": "application/json", "Host": "api.example", **headers}
    return {
        "resource": resource,
        "path": plain,
        "httpMethod": method,
        "headers": sent,
        "multiValueHeaders": {name: [value] for name, value in sent.items()},
        "queryStringParameters": dict(pairs) or None,
        "multiValueQueryStringParameters": {name: [v for n, v in pairs if n == name] for name, _ in pairs} or None,
        "pathParameters": values or None,
        "stageVariables": None,
        "requestContext": {
            "accountId": _ACCOUNT,
            "apiId": "api",
            "stage": "api",
            "requestId": "11111111-1111-4111-8111-111111111111",
            "resourcePath": resource,
            "httpMethod": method,
            "path": f"/api{plain}",
            "identity": {"sourceIp": "203.0.113.9", "userAgent": "verify"},
        },
        "body": None if body is None else json.dumps(body),
        "isBase64Encoded": False,
    }


def sqs(queue: str, messages: list[Json]) -> Json:
    """Build a batch from messages as ReceiveMessage gives them."""
    return {
        "Records": [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": message["Attributes"],
                "messageAttributes": {},
                "md5OfBody": message.get("MD5OfBody", ""),
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:{_REGION}:{_ACCOUNT}:{queue}",
                "awsRegion": _REGION,
            }
            for message in messages
        ]
    }


def schedule() -> Json:
    """Build what EventBridge sends each minute."""
    return {
        "version": "0",
        "id": "22222222-2222-4222-8222-222222222222",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": _ACCOUNT,
        "time": "2026-01-01T12:00:00Z",
        "region": _REGION,
        "resources": [f"arn:aws:events:{_REGION}:{_ACCOUNT}:rule/tick"],
        "detail": {},
    }
