"""A slash too many at the end of a path."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.edge import paths
from tests.client import event

RESOURCES = ("/", "/v1/user", "/v1/user/{user_id}", "/v1/service/{service_id}", "/v1/service/import", "/{proxy+}")


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("v1/user/", ("/v1/user", {})),
        ("v1/user/a%20b/", ("/v1/user/{user_id}", {"user_id": "a%20b"})),
        ("v1/service/import/", ("/v1/service/import", {})),
        ("v1//user", None),
        ("v2/user", None),
        ("", None),
    ],
)
def test_only_the_last_slash_is_forgiven(path: str, found: Any) -> None:
    assert paths.find(RESOURCES, path) == found


def test_the_app_answers_such_a_path_as_if_it_were_spelled_right(cloud: None) -> None:
    import app

    sent = event("GET", "/v1/service", headers={"api_key": "default"})
    sent |= {"resource": "/{proxy+}", "path": "/v1/service/", "pathParameters": {"proxy": "v1/service/"}}
    sent["requestContext"] |= {"resourcePath": "/{proxy+}", "path": "/v1/service/"}
    answer = app.app(sent, None)
    assert (answer["statusCode"], json.loads(answer["body"])) == (200, [])
    sent["pathParameters"] = {"proxy": "v2/service/"}
    assert app.app(sent, None)["statusCode"] == 404
