"""A shorter way through botocore: answering its before-call event, which skips its HTTP, retry and parsing layers.

Validation of parameters and serialization stay botocore's own. What is lost are its retries, which a local call
does not need, so an injected fault reaches the caller at once.
"""

from base64 import b64decode
from typing import Any

import orjson
from botocore.awsrequest import AWSResponse
from botocore.parsers import create_parser

from infra.local.cloud.wire import Service

BINARY_MARKS = (b'"B":', b'"BS":', b'"BinaryValue":')
TIMED = frozenset({"CreateTable", "DescribeTable", "DeleteTable"})
URL = "https://cloud.local/"


class Shortcut:
    """Answers one service's calls as already parsed results."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def answer(self, model: Any, params: Any, **_: Any) -> tuple[AWSResponse, dict[str, Any]]:
        """Answer a call caught by botocore's before-call event."""
        response = self._service.respond(model.name, params["body"], URL)
        content = response.content
        if response.status_code >= 300 or model.name in TIMED:
            return response, _parsed(model, response)
        parsed: dict[str, Any] = orjson.loads(content)
        if any(mark in content for mark in BINARY_MARKS):
            _decode_binary(parsed)
        parsed["ResponseMetadata"] = {
            "RequestId": response.headers["x-amzn-requestid"],
            "HTTPStatusCode": response.status_code,
            "HTTPHeaders": {},
            "RetryAttempts": 0,
        }
        return response, parsed


def _decode_binary(node: Any) -> None:
    """Turn the text of binary values into bytes, in place. An attribute called "B" holds a dict, never a text."""
    for name, value in node.items() if type(node) is dict else enumerate(node):
        kind = type(value)
        if name in ("B", "BinaryValue") and kind is str:
            node[name] = b64decode(value)
        elif name == "BS" and kind is list and type(value[0]) is str:
            node[name] = [b64decode(member) for member in value]
        elif kind is dict or kind is list:
            _decode_binary(value)


def _parsed(model: Any, response: AWSResponse) -> dict[str, Any]:
    """Parse by the service's model: errors and times need it."""
    parser = create_parser(model.service_model.resolved_protocol)
    raw = {"headers": response.headers, "status_code": response.status_code, "body": response.content}
    parsed: dict[str, Any] = parser.parse(raw, model.output_shape)
    if response.status_code >= 300:
        error = parsed["Error"]
        shape = model.service_model.shape_for_error_code(error.get("QueryErrorCode") or error["Code"])
        if shape is not None:
            parsed.update(parser.parse(raw, shape))
    parsed["ResponseMetadata"]["RetryAttempts"] = 0
    return parsed
