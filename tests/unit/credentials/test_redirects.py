"""Where a browser may be sent after granting access: addresses read strictly, held to the workspace's own list."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from chalicelib.core.call import Call, Caller
from chalicelib.core.errors import InvalidInput
from chalicelib.credentials import models
from chalicelib.credentials.oauth import redirects

KEPT = ["https://app.example/done", "http://localhost:3000/"]


@pytest.fixture(autouse=True)
def kept(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    rows = {"w": list(KEPT)}
    monkeypatch.setattr(models, "redirects", lambda workspace_id: rows.get(workspace_id, []))
    monkeypatch.setattr(models, "put_redirects", rows.__setitem__)
    return rows


def update(*urls: str) -> list[str]:
    call = Call("replaceRedirects", Caller("w", "k", frozenset()), "r", body=SimpleNamespace(urls=list(urls)))
    found: list[str] = redirects.update(call)["urls"]
    return found


@pytest.mark.parametrize("url", [*KEPT, "https://app.example/done?step=2", "http://localhost:3000/?a=b&c"])
def test_an_address_on_the_list_is_taken_with_any_query(url: str) -> None:
    assert redirects.checked("w", url) == url


@pytest.mark.parametrize(
    "url",
    [
        "https://app.example/",
        "https://app.example/done/",
        "https://app.example/DONE",
        "https://evil.example/done",
        "https://app.example.evil.example/done",
        "https://app.example:8443/done",
        "http://localhost/",
    ],
)
def test_any_other_address_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        redirects.checked("w", url)
    assert (refused.value.faults[0].location, refused.value.faults[0].kind) == ("query.redirectUrl", "not_allowed")


def test_the_list_is_each_workspaces_own() -> None:
    with pytest.raises(InvalidInput):
        redirects.checked("v", KEPT[0])


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/done",
        "https:///done",
        "https://",
        "javascript:alert(1)",
        "ftp://app.example/",
        "http://app.example/",
        "http://127.0.0.2/",
        "https://app.example/#x",
        "https://ada@app.example/",
        "https://app.example\\@evil.example/",
        "https://app.example/\n",
        "https://app.example/\x7f",
        "https://app.example/a b",
        'https://app.example/"',
        "https://app.example/<",
        "https://app.example/>",
        "https://äpp.example/",
        "https://app.example:port/",
        "https://app.example:70000/",
        "https://[::1/",
    ],
)
def test_an_address_that_browsers_would_have_to_mend_is_not_put_on_the_list(
    url: str, kept: dict[str, list[str]]
) -> None:
    with pytest.raises(InvalidInput) as refused:
        update(KEPT[0], url)
    assert refused.value.faults[0].location == "body.urls.1"
    assert kept["w"] == KEPT


def test_the_list_holds_addresses_without_a_query_each_of_them_once(kept: dict[str, list[str]]) -> None:
    with pytest.raises(InvalidInput, match="query"):
        update("https://app.example/?a=b")
    assert kept["w"] == KEPT
    urls = ["https://b.example/", "https://a.example/", "http://127.0.0.1:1/", "http://[::1]:1/", "http://localhost/"]
    assert update(urls[0], *urls) == kept["w"] == urls


def test_what_came_of_it_replaces_what_an_address_said_of_it_before() -> None:
    told = redirects.with_outcome("https://a.example/x?status=old&keep=1&empty=", status="error", reason="a b")
    assert told == "https://a.example/x?keep=1&empty=&status=error&reason=a+b"
