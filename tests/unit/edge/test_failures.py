"""Every error has one status and one body; a bug reveals nothing."""

from __future__ import annotations

import pytest

from chalicelib.core import errors
from chalicelib.edge.failures import INTERACTOR, MethodNotAllowed, render


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.InvalidInput("x"), 400),
        (errors.Unauthenticated("x"), 401),
        (errors.Forbidden("x"), 403),
        (errors.NotFound("x"), 404),
        (MethodNotAllowed("GET"), 405),
        (errors.AlreadyExists("x"), 409),
        (errors.VersionConflict("x"), 409),
        (errors.InProgress("x", 3), 409),
        (errors.Gone("x"), 410),
        (errors.TooLarge("x"), 413),
        (errors.UnsupportedMedia("x"), 415),
        (errors.LogicFailed("x"), 422),
        (errors.RateLimited("x", 7), 429),
        (errors.UpstreamFailed("x"), 502),
        (errors.AddressRefused("x"), 502),
        (errors.Unavailable("x"), 503),
        (errors.UpstreamTimeout("x"), 504),
    ],
)
def test_each_meaning_has_its_status(error: errors.PlatformError, status: int) -> None:
    failure = render(INTERACTOR, error, "r")
    assert (failure.status, failure.body["status"], failure.body["error"]) == (status, status, error.message)
    assert failure.body["type"] == type(error).__name__
    assert failure.body["description"]


def test_a_bug_reveals_nothing_but_where_to_look() -> None:
    failure = render(INTERACTOR, ValueError("password=hunter2"), "request-1")
    assert failure.status == 500
    assert "hunter2" not in str(failure)
    assert failure.body["details"] == {"requestId": "request-1"}


def test_faults_name_their_fields() -> None:
    body = render(INTERACTOR, errors.InvalidInput.at("body.name", "is required", "missing"), "r").body
    assert body["error"] == "body.name: is required"
    assert body["details"]["faults"] == [{"location": "body.name", "message": "is required", "kind": "missing"}]


def test_waiting_times_and_verbs_go_into_headers() -> None:
    assert render(INTERACTOR, errors.RateLimited("x", 7), "r").headers == {"Retry-After": "7"}
    assert render(INTERACTOR, errors.InProgress("x", 3), "r").headers == {"Retry-After": "3"}
    assert render(INTERACTOR, errors.Unavailable("x"), "r").headers == {"Retry-After": "1"}
    assert render(INTERACTOR, MethodNotAllowed("GET, PUT"), "r").headers == {"Allow": "GET, PUT"}
