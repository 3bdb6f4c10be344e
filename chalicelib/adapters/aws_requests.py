"""Requests to AWS in somebody else's name: signed here, sent by the guarded client like every other."""

from __future__ import annotations

import re
from collections.abc import Mapping

from chalicelib.core.errors import InvalidInput

_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]")


def address(service: str, region: str) -> str:
    """Give the address of a service in a region. Raises InvalidInput when the region cannot be one."""
    if not _REGION.fullmatch(region):
        raise InvalidInput.at("region", "is not a region", "format")
    return f"https://{service}.{region}.amazonaws.com"


def signed_headers(
    service: str, region: str, key_id: str, secret: str, url: str, body: bytes, headers: Mapping[str, str]
) -> dict[str, str]:
    """Give the headers of a POST, with its signature (version 4)."""
    from botocore.auth import SigV4Auth  # heavy
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    request = AWSRequest(method="POST", url=url, data=body, headers=dict(headers))
    SigV4Auth(Credentials(key_id, secret), service, region).add_auth(request)
    return {name: str(value) for name, value in request.headers.items()}
