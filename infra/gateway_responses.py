"""What API Gateway answers by itself, in the shape of the API: it never calls the app for these.

Ours are `chalicelib/edge/failures.py`; the words `type` and `description` are the same there.
"""

from __future__ import annotations

import json
from typing import Any

_PLAIN = {  # response type: status, error type, description
    "MISSING_AUTHENTICATION_TOKEN": (404, "NotFound", "There is nothing at this path for this method."),
    "RESOURCE_NOT_FOUND": (404, "NotFound", "There is nothing at this path."),
    "ACCESS_DENIED": (403, "Forbidden", "The caller may not do this."),
    "EXPIRED_TOKEN": (403, "Forbidden", "The credentials have expired."),
    "INVALID_API_KEY": (403, "Forbidden", "The gateway does not know this key."),
    "INVALID_SIGNATURE": (403, "Forbidden", "The signature of the request is wrong."),
    "WAF_FILTERED": (403, "Forbidden", "The request was refused before it reached the API."),
    "UNAUTHORIZED": (401, "Unauthenticated", "Nobody is known by these credentials."),
    "BAD_REQUEST_BODY": (400, "InvalidInput", "The body cannot be read."),
    "BAD_REQUEST_PARAMETERS": (400, "InvalidInput", "The parameters cannot be read."),
    "REQUEST_TOO_LARGE": (413, "TooLarge", "The request is outside the limits."),
    "UNSUPPORTED_MEDIA_TYPE": (415, "UnsupportedMedia", "The body is of a type this operation does not take."),
    "THROTTLED": (429, "RateLimited", "Too many requests at once."),
    "QUOTA_EXCEEDED": (429, "RateLimited", "The quota of this usage plan is used up."),
    "DEFAULT_4XX": (400, "InvalidInput", "The request cannot be understood."),
    "API_CONFIGURATION_ERROR": (500, "Internal", "Something went wrong on our side."),
    "AUTHORIZER_CONFIGURATION_ERROR": (500, "Internal", "Something went wrong on our side."),
    "AUTHORIZER_FAILURE": (500, "Internal", "Something went wrong on our side."),
    "INTEGRATION_FAILURE": (502, "Internal", "Something went wrong on our side."),
    "INTEGRATION_TIMEOUT": (504, "UpstreamTimeout", "The answer took too long."),
    "DEFAULT_5XX": (500, "Internal", "Something went wrong on our side."),
}
_RETRY_AFTER_S = {"THROTTLED": 1, "QUOTA_EXCEEDED": 3600, "INTEGRATION_TIMEOUT": 1}


def responses() -> dict[str, Any]:
    """Give the `x-amazon-apigateway-gateway-responses` of the API's definition."""
    return {kind: _response(kind, *row) for kind, row in _PLAIN.items()}


def _response(kind: str, status: int, error_type: str, description: str) -> dict[str, Any]:
    message = description[0].lower() + description[1:].rstrip(".")
    body = json.dumps({"error": message, "type": error_type, "description": description, "status": status})
    parameters = {"gatewayresponse.header.X-Request-Id": "context.requestId"}
    if kind in _RETRY_AFTER_S:
        parameters["gatewayresponse.header.Retry-After"] = f"'{_RETRY_AFTER_S[kind]}'"
    return {
        "statusCode": str(status),
        "responseParameters": parameters,
        "responseTemplates": {"application/json": body},
    }
