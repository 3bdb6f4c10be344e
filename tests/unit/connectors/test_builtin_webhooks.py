"""Webhooks that the built-in connectors register with their vendors: begun, renewed in time, ended."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import jsonschema_rs
import pytest

from chalicelib.core import clock
from chalicelib.core.errors import LogicFailed
from chalicelib.subscriptions.rules.renewals import renewal_of
from tests.unit.connectors.vendor import Vendor, logic, parts

SUBSCRIPTION = {"id": "97c73ca1-3941-4418-a32b-d5b46240911d"}
ADDRESS = "https://hooks.example/v1/hook/abc"
WEBHOOK = {"url": ADDRESS, "urls": {"notification": ADDRESS}}
GONE = (404, {"error": {"message": "not found"}})
WEEK_MS = 7 * 86_400_000


def run(connector: str, trigger: str, hook: str, vendor: Vendor, stored: Any = None, **variables: Any) -> Any:
    bindings = {"variables": variables, "webhook": WEBHOOK, "stored": stored, "subscription": SUBSCRIPTION}
    value = logic(connector, vendor).run("trigger", trigger, hook, **bindings)
    assert vendor.answers == []
    return value


def note(body: Any = None, headers: dict[str, str] | None = None, **query: str) -> dict[str, Any]:
    return {"method": "POST", "headers": headers or {}, "query": query, "body": body, "rawBody": ""}


def respond(connector: str, notification: dict[str, Any]) -> Any:
    return logic(connector).run("event", "notification", "response", notification=notification)


def route(connector: str, notification: dict[str, Any]) -> Any:
    return logic(connector).run("event", "notification", "route", notification=notification)


def deliver(connector: str, trigger: str, notification: dict[str, Any], match: Any = None, own: Any = None) -> Any:
    bindings = {"notification": notification, "variables": {}, "match": match, "subscription": own or SUBSCRIPTION}
    delivered = logic(connector).run("trigger", trigger, "trigger", **bindings)
    if delivered is not None:
        jsonschema_rs.validator_for(parts(connector)["triggers"][trigger]["schema"]["output"]).validate(delivered)
    return delivered


def end_ms() -> int:
    return clock.now_ms() + WEEK_MS


# --- gmail -----------------------------------------------------------------------------------------------------------


def test_gmails_watch_tells_its_end_and_asking_again_prolongs_it() -> None:
    end = end_ms()
    for stored in (None, {"historyId": 1}):
        vendor = Vendor({"historyId": "9", "expiration": str(end)})
        made = run(
            "gmail", "mailbox.changed", "create", vendor, stored, emailAddress="a@b", topic="projects/p/topics/t"
        )
        assert vendor.urls == ["POST https://gmail.googleapis.com/gmail/v1/users/me/watch"]
        renewal = renewal_of(made, clock.now_ms())
        assert renewal is not None and renewal.expires_ms == end


def test_without_a_topic_nobody_watches_for_gmail() -> None:
    assert run("gmail", "mailbox.changed", "create", Vendor(), emailAddress="a@b") is None


# --- googlecalendar --------------------------------------------------------------------------------------------------


def test_a_calendar_channel_is_opened_replaced_and_closed() -> None:
    end = end_ms()
    opened = Vendor({"id": "c-1", "resourceId": "r-1", "expiration": str(end)})
    stored = run("googlecalendar", "calendar.changed", "create", opened, calendar="team@example.com")
    assert opened.urls == ["POST https://www.googleapis.com/calendar/v3/calendars/team@example.com/events/watch"]
    assert '"token":"97c73ca1-3941-4418-a32b-d5b46240911d"' in opened.asked[0]["body"]
    renewal = renewal_of(stored, clock.now_ms())
    assert renewal is not None and renewal.expires_ms == end

    again = Vendor({"id": "c-2", "resourceId": "r-2", "expiration": str(end)}, (204, None))
    renewed = run("googlecalendar", "calendar.changed", "create", again, stored)
    assert again.urls[1] == "POST https://www.googleapis.com/calendar/v3/channels/stop"
    assert again.asked[1]["body"] == '{"id":"c-1","resourceId":"r-1"}'

    closed = Vendor(GONE)
    run("googlecalendar", "calendar.changed", "delete", closed, renewed)
    assert closed.asked[0]["body"] == '{"id":"c-2","resourceId":"r-2"}'


def test_a_calendar_channel_that_cannot_be_opened_leaves_the_one_before_open() -> None:
    vendor = Vendor((403, {"error": {"message": "push is off"}}))
    with pytest.raises(LogicFailed):
        run("googlecalendar", "calendar.changed", "create", vendor, {"id": "c-1", "resourceId": "r-1"})
    assert len(vendor.asked) == 1


def pushed(state: str = "exists", number: int = 7) -> dict[str, Any]:
    headers = {"x-goog-channel-id": "c-1", "x-goog-channel-token": SUBSCRIPTION["id"], "x-goog-resource-id": "r-1"}
    return note(None, {**headers, "x-goog-resource-state": state, "x-goog-message-number": str(number)})


def test_a_calendar_notification_reaches_the_subscription_its_channel_was_opened_for() -> None:
    assert respond("googlecalendar", pushed())["status"] == 200
    assert respond("googlecalendar", note({}))["status"] == 400
    assert route("googlecalendar", pushed("sync")) is None
    target = route("googlecalendar", pushed())
    assert (target["trigger"], target["id"]) == ("calendar.changed", "c-1:7")
    assert deliver("googlecalendar", "calendar.changed", pushed(), target["match"]) == {
        "calendar": "primary",
        "state": "exists",
        "resourceId": "r-1",
        "messageNumber": 7,
    }
    assert deliver("googlecalendar", "calendar.changed", pushed(), target["match"], {"id": "another"}) is None


# --- outlookmail -----------------------------------------------------------------------------------------------------


def test_graphs_notifications_are_begun_prolonged_and_ended() -> None:
    told = "2099-01-03T00:00:00.0000000Z"
    begun = Vendor((201, {"id": "s-1", "expirationDateTime": told}))
    stored = run("outlookmail", "mailbox.changed", "create", begun, folder="o'brien")
    assert begun.urls == ["POST https://graph.microsoft.com/v1.0/subscriptions"]
    assert "me/mailFolders('o''brien')/messages" in begun.asked[0]["body"]
    renewal = renewal_of(stored, clock.now_ms())
    assert renewal is not None and renewal.expires_ms == int(datetime.fromisoformat(told).timestamp() * 1000)

    prolonged = Vendor({"id": "s-1", "expirationDateTime": told})
    assert run("outlookmail", "mailbox.changed", "create", prolonged, stored) == stored
    assert prolonged.urls == ["PATCH https://graph.microsoft.com/v1.0/subscriptions/s-1"]

    lost = Vendor(GONE, (201, {"id": "s-2", "expirationDateTime": told}))
    assert run("outlookmail", "mailbox.changed", "create", lost, stored)["id"] == "s-2"

    ended = Vendor(GONE)
    run("outlookmail", "mailbox.changed", "delete", ended, stored)
    assert ended.urls == ["DELETE https://graph.microsoft.com/v1.0/subscriptions/s-1"]


def test_graph_is_answered_its_token_and_each_subscription_gets_its_own_changes() -> None:
    answer = respond("outlookmail", note("", None, validationToken="a token: +/="))
    assert (answer["status"], answer["body"]) == (200, "a token: +/=")
    assert respond("outlookmail", note({}))["status"] == 400
    other = {"clientState": "another", "changeType": "deleted", "resourceData": {"id": "m-2"}}
    mine = {"clientState": SUBSCRIPTION["id"], "changeType": "created", "resourceData": {"id": "m-1"}}
    sent = note({"value": [other, mine]})
    assert (respond("outlookmail", sent)["status"], route("outlookmail", sent)) == (202, "mailbox.changed")
    assert route("outlookmail", note("", None, validationToken="x")) is None
    assert deliver("outlookmail", "mailbox.changed", sent) == {
        "folder": "inbox",
        "changes": [{"change": "created", "messageId": "m-1"}],
    }
    assert deliver("outlookmail", "mailbox.changed", note({"value": [other]})) is None
