"""What callers send: what is malformed is refused at its place, what is unknown is dropped, null equals absent."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.core.errors import InvalidInput
from chalicelib.edge.failures import CONTACTFLOW, pointer, render
from chalicelib.edge.schema import In
from chalicelib.journeys import schemas
from chalicelib.journeys.graph_schemas import AutomationIn, AutomationPatch
from chalicelib.journeys.schemas import when_ms

UUID = "0000AAAA-0000-4000-8000-000000000001"


def places(shape: type[In], body: Any) -> list[str]:
    with pytest.raises(InvalidInput) as refused:
        shape.read(body)
    return [pointer(fault.location) for fault in refused.value.faults]


def test_uuids_are_kept_in_lower_case() -> None:
    made = AutomationIn.read({"name": "x", "steps": [{"uuid": UUID, "operation": "NO_ACTION"}]})
    assert made.content()["steps"] == [{"uuid": UUID.lower(), "operation": "NO_ACTION", "type": "END"}]


def test_unknown_members_are_dropped_and_null_equals_absent() -> None:
    made = AutomationIn.read({"name": "x", "startDate": None, "statistics": {"total": 1}, "steps": None})
    assert made.wire() == {"name": "x"}
    assert made.content() == {"steps": [], "connections": [], "triggerEvents": []}


END: dict[str, Any] = {"uuid": UUID, "operation": "NO_ACTION"}
WAY: dict[str, Any] = {"fromStepUuid": UUID, "toStepUuid": UUID, "outcome": "NEXT"}


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({"name": ""}, "/name"),
        ({"name": "x" * 201}, "/name"),
        ({"category": "Other"}, "/category"),
        ({"status": "GONE"}, "/status"),
        ({"startDate": "tomorrow"}, "/startDate"),
        ({"endDate": "2026-02-30T00:00:00Z"}, "/endDate"),
        ({"uniqueToken": "yes"}, "/uniqueToken"),
        ({"steps": [{"operation": "NO_ACTION"}]}, "/steps/0/uuid"),
        ({"steps": [{**END, "uuid": "1"}]}, "/steps/0/uuid"),
        ({"steps": [{**END, "operation": "DANCE"}]}, "/steps/0"),
        ({"steps": [{**END, "operation": "TAG", "type": "WAIT"}]}, "/steps/0/type"),
        ({"steps": [{**END, "parameters": {"a": 1}}]}, "/steps/0/parameters"),
        ({"connections": [{**WAY, "outcome": "UP"}]}, "/connections/0/outcome"),
        ({"triggerEvents": [{}] * 21}, "/triggerEvents"),
    ],
)
def test_what_is_malformed_is_named_by_a_pointer(more: dict[str, Any], place: str) -> None:
    assert places(AutomationIn, {"name": "x", **more}) == [place]


def test_an_automation_has_a_name() -> None:
    assert places(AutomationIn, {}) == ["/name"]


def step_with(operation: str, **parameters: Any) -> dict[str, Any]:
    return {"name": "x", "steps": [{"uuid": UUID, "operation": operation, "parameters": parameters}]}


@pytest.mark.parametrize(
    ("operation", "parameters", "place"),
    [
        ("FROM_LAST_STEP", {"wait": {"amount": 0, "unit": "DAYS"}}, "wait/amount"),
        ("FROM_LAST_STEP", {"wait": {"amount": 1, "unit": "YEARS"}}, "wait/unit"),
        ("FROM_LAST_STEP", {"resumeAt": {"time": "24:00"}}, "resumeAt/time"),
        ("FROM_LAST_STEP", {"resumeAt": {"weekdays": ["MON", "MON"]}}, "resumeAt"),
        ("FROM_LAST_STEP", {"resumeAt": {"weekdays": []}}, "resumeAt/weekdays"),
        ("CLAB_CAMPAIGN", {"htmlContent": "x" * 524_289}, "htmlContent"),
        ("CLAB_CAMPAIGN", {"senderEmail": "a@b, c@d"}, "senderEmail"),
        ("CLAB_CAMPAIGN_SMS", {"text": "x" * 1531}, "text"),
        ("CLAB_CAMPAIGN_SMS", {"defaultCountry": "it"}, "defaultCountry"),
        ("WEBHOOK", {"timeoutSeconds": 21}, "timeoutSeconds"),
        ("WEBHOOK", {"maxAttempts": 0}, "maxAttempts"),
        ("WEBHOOK", {"headers": {str(number): "x" for number in range(21)}}, "headers"),
        ("WEBHOOK", {"url": "not a url"}, "url"),
        ("AB_TEST", {"shares": [{"outcome": "A", "share": 101}, {"outcome": "B", "share": 0}]}, "shares/0/share"),
        ("AB_TEST", {"shares": [{"outcome": "A", "share": 100}]}, "shares"),
    ],
)
def test_parameters_outside_their_limits_are_named(operation: str, parameters: dict[str, Any], place: str) -> None:
    assert places(AutomationIn, step_with(operation, **parameters)) == [f"/steps/0/parameters/{place}"]


def test_a_fault_deep_in_conditions_is_named_without_the_names_of_our_shapes() -> None:
    inner = {"match": "ANY", "conditions": [{"subject": "EVENT", "path": "a", "operator": "LIKE"}]}
    body = step_with("WAIT_AND_CHECK", event={"conditions": {"match": "ALL", "conditions": [inner]}})
    (place,) = places(AutomationIn, body)
    assert place == "/steps/0/parameters/event/conditions/conditions/0/conditions/0/operator"


@pytest.mark.parametrize("body", [{}, {"more": 1}, {"name": None}, {"name": None, "status": None}])
def test_a_change_says_something(body: dict[str, None]) -> None:
    assert AutomationPatch.read({"name": "x", "status": None}).wire() == {"name": "x"}
    with pytest.raises(InvalidInput):
        AutomationPatch.read(body)


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("1970-01-01T00:00:01Z", 1000),
        ("1970-01-01T01:00:01+01:00", 1000),
        ("1970-01-01t00:00:01.250z", 1250),
    ],
)
def test_times_are_read_with_any_offset(text: str, ms: int) -> None:
    assert when_ms(text) == ms


@pytest.mark.parametrize(
    "text", ["", "1970", "1970-01-01", "1970-01-01T00:00:00", "1970-13-01T00:00:00Z", "9999-01-01T00:00:00Z", "x" * 500]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"must be|is no"):
        when_ms(text)


@pytest.mark.parametrize("address", ["a@b", "a.b+c@example.co.uk", "x_y@xn--bcher-kva.example"])
def test_addresses_that_can_be_sent_to_are_taken(address: str) -> None:
    assert schemas.EmailTestIn.read(mail_to(address)).email == address


@pytest.mark.parametrize(
    "address", ["", "a", "@b", "a@", "a b@c", "a@b c", "a@b,c@d", "a@b\nBcc: c@d", "a..b@c", "<a@b>", "a@b."]
)
def test_addresses_that_could_be_read_as_more_are_refused(address: str) -> None:
    assert places(schemas.EmailTestIn, mail_to(address)) == ["/email"]


def mail_to(address: str) -> dict[str, Any]:
    return {"modelIdentifier": 1, "senderEmail": "a@b.c", "subject": "s", "textContent": "x", "email": address}


def test_errors_are_shown_in_the_shape_of_the_surface() -> None:
    error = InvalidInput.at("body.steps.0.a~b", "is wrong", "LIMITS")
    failure = render(CONTACTFLOW, error, "log-1")
    assert failure.body == {
        "message": "steps.0.a~b: is wrong",
        "logref": "log-1",
        "errors": [{"path": "/steps/0/a~0b", "message": "is wrong", "code": "LIMITS"}],
    }
    assert pointer("query.page") == "page"
    assert pointer("header.Node") == "Node"
    assert render(CONTACTFLOW, RuntimeError("secret"), "log-1").body == {
        "message": "something went wrong on our side",
        "logref": "log-1",
        "errors": [],
    }
