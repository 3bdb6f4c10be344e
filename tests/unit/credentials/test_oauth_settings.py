"""Auth settings: their two forms, and what references in them become."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chalicelib.core.errors import Conflict
from chalicelib.credentials.oauth import settings
from chalicelib.credentials.oauth.references import Data, as_text, at, filled
from chalicelib.credentials.oauth.settings import AuthSettings

BUILTIN = Path(__file__).parents[3] / "chalicelib/connectors/builtin"
DATA = Data({"code": "c", "deep": {"list": ["x", {"y": 1}]}}, {"clientId": "id", "empty": None}, "https://acme.example")


def reference(operation: str, **more: Any) -> dict[str, Any]:
    return {"@type": "reference", "operation": operation, **more}


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("plain", "plain"),
        (5, 5),
        (reference("source", path=["code"]), "c"),
        (reference("source", path=["deep", "list", 1, "y"]), 1),
        (reference("source", path=["absent", "deep"]), None),
        (reference("platformServiceVariable", variable="clientId"), "id"),
        ("Bearer ${code}", "Bearer c"),
        ("${service.url}/token?id=${vars.clientId}", "https://acme.example/token?id=id"),
        ("${input.code}-${deep.list.0}", "c-x"),
        ({"a": [reference("source", path=["code"])]}, {"a": ["c"]}),
    ],
)
def test_references_become_values(written: Any, expected: Any) -> None:
    assert filled(written, DATA) == expected


@pytest.mark.parametrize(
    "written",
    [
        "${absent}",
        "${vars.absent}",
        "${vars.empty}",
        reference("platformServiceVariable", variable="absent"),
        reference("platformServiceVariable"),
        reference("source", path=[]),
        reference("source", path="code"),
        reference("other"),
    ],
)
def test_references_to_nothing_are_told(written: Any) -> None:
    with pytest.raises(Conflict):
        filled(written, DATA)


def test_nesting_has_an_end() -> None:
    deep: Any = "x"
    for _ in range(50):
        deep = [deep]
    with pytest.raises(Conflict):
        filled(deep, DATA)


def test_values_become_texts() -> None:
    assert [as_text(value) for value in (True, 5, ["a", "b"], None, "x")] == ["true", "5", "a b", "", "x"]
    with pytest.raises(Conflict):
        as_text({"a": 1})


def test_paths_are_lists_or_dotted_texts() -> None:
    answer = {"user": {"emails": [{"value": "e"}]}}
    assert at(answer, ["user", "emails", "0", "value"]) == at(answer, "user.emails.0.value") == "e"
    assert [at(answer, path) for path in (None, [], "", "user.none.x", 5)] == [None] * 5


def read(auth: Any) -> AuthSettings:
    made = settings.read(auth)
    assert made is not None
    return made


def test_the_short_form_is_spelled_out() -> None:
    made = read({"authorizationUrl": "https://a/", "tokenUrl": "https://t/", "scopes": ["a", "b"], "clientId": "own"})
    assert made.authorization is not None and made.access_token is not None and made.refresh_token is not None
    assert (made.authorization.url, made.authorization.sends) == ("https://a/", {"scope": ["a", "b"]})
    assert (made.access_token.method, made.access_token.url, made.refresh_token.url) == (
        "POST",
        "https://t/",
        "https://t/",
    )
    assert (made.client_authentication, made.client_id, made.user_info) == ("basic", "own", None)
    assert filled(made.client_secret, Data({}, {"clientSecret": "s"})) == "s"
    assert made.digest != read({"authorizationUrl": "https://a/", "tokenUrl": "https://evil/"}).digest


@pytest.mark.parametrize("auth", [None, {}])
def test_no_settings_are_none(auth: Any) -> None:
    assert settings.read(auth) is None


@pytest.mark.parametrize(
    "auth",
    [
        [],
        {"authorization": {"url": ""}},
        {"accessToken": "x"},
        {"accessToken": {"url": "x", "form": "y"}},
        {"userInfo": {"url": "x", "headers": "y"}},
        {"authorization": {"url": "x"}, "issuer": 5},
        {"authorizationUrl": "x", "clientAuthentication": "jwt"},
        {"tokenUrl": "x"},
    ],
)
def test_what_cannot_be_used_is_a_conflict(auth: Any) -> None:
    with pytest.raises(Conflict):
        settings.read(auth)


@pytest.mark.parametrize("path", sorted(BUILTIN.glob("*/security/oauth.json")), ids=lambda path: path.parts[-3])
def test_every_builtin_connector_is_understood(path: Path) -> None:
    made = read(json.loads(path.read_text())["config"]["auth"])
    assert made.authorization and made.access_token and made.refresh_token and made.user_info and made.name_path
    data = Data({"code": "c", "redirect_uri": "r", "refresh_token": "t"}, {"clientId": "i", "clientSecret": "s"})
    for step in (made.authorization, made.access_token, made.refresh_token, made.user_info):
        assert all(as_text(value) for value in filled(step.sends, data).values() if value is not None)
