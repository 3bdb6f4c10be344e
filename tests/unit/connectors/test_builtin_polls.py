"""The polled triggers of the built-in connectors: the first poll says where to begin, later ones leave no gap."""

from __future__ import annotations

import time
from email.utils import formatdate
from typing import Any

import jsonschema_rs
import pytest

from chalicelib.core.errors import LogicFailed
from tests.unit.connectors.cases.gmail import MAIL
from tests.unit.connectors.cases.googlecalendar import EVENT
from tests.unit.connectors.cases.jira import ISSUE
from tests.unit.connectors.cases.outlookmail import LETTER
from tests.unit.connectors.vendor import Vendor, logic, parts

GONE = (410, {"error": {"message": "Gone"}})
LOST = (404, {"error": {"message": "Not found"}})


def poll(connector: str, trigger: str, cursor: Any, *answers: Any, **variables: Any) -> tuple[Any, Vendor]:
    vendor = Vendor(*answers)
    polled = logic(connector, vendor).run("trigger", trigger, "poll", cursor=cursor, variables=variables)
    output = parts(connector)["triggers"][trigger]["schema"]["output"]
    for record in polled["records"]:
        jsonschema_rs.validator_for(output).validate(record)
    assert vendor.answers == []
    return polled, vendor


def ids(polled: Any) -> list[str]:
    return [record["id"] for record in polled["records"]]


def date(at_s: float) -> dict[str, str]:
    return {"date": formatdate(at_s, usegmt=True)}


# --- gmail -----------------------------------------------------------------------------------------------------------


def history(*changes: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"history": [{"id": "1", **change} for change in changes], "historyId": "200", **more}


def arrived(id_: str, *labels: str) -> dict[str, Any]:
    return {"messagesAdded": [{"message": {"id": id_, "threadId": "t", "labelIds": list(labels)}}]}


def test_gmails_first_poll_only_remembers_where_the_mailbox_stands() -> None:
    polled, vendor = poll("gmail", "email.received", None, {"historyId": "100"})
    assert (polled["records"], polled["cursor"]["historyId"], polled["more"]) == ([], "100", False)
    assert vendor.urls == ["GET https://gmail.googleapis.com/gmail/v1/users/me/profile"]


def test_gmail_goes_on_where_the_mailbox_stood_when_the_pass_began() -> None:
    cursor = {"historyId": "100", "at": 1}
    first, vendor = poll(
        *("gmail", "email.received", cursor),
        history(arrived("m1", "INBOX"), arrived("d1", "DRAFT", "INBOX"), nextPageToken="p"),
        MAIL,
    )
    query = "startHistoryId=100&historyTypes=messageAdded&labelId=INBOX&maxResults=20"
    assert vendor.urls[0].endswith(f"/history?{query}")
    assert (ids(first), first["more"], first["cursor"]["page"]) == (["received:m1"], True, "p")

    second, vendor = poll("gmail", "email.received", first["cursor"], {**history(), "historyId": "250"})
    assert vendor.urls[0].endswith(f"{query}&pageToken=p")
    assert (second["cursor"]["historyId"], second["more"]) == ("200", False)


def test_gmail_catches_up_with_mail_that_arrived_while_the_history_was_lost() -> None:
    at = 1_700_000_000_000
    first, _ = poll("gmail", "email.received", {"historyId": "1", "at": at}, LOST, {"historyId": "500"})
    assert (first["records"], first["more"]) == ([], True)
    second, vendor = poll(
        "gmail", "email.received", first["cursor"], {"messages": [{"id": "m1", "threadId": "t"}]}, MAIL
    )
    assert vendor.urls[0].endswith("/messages?q=after:1699999940&labelIds=INBOX&maxResults=20")
    assert (ids(second), second["cursor"]["historyId"], second["more"]) == (["received:m1"], "500", False)

    restarted, _ = poll("gmail", "email.deleted", {"historyId": "1", "at": at}, LOST, {"historyId": "500"})
    assert (restarted["cursor"]["historyId"], restarted["more"]) == ("500", False)


@pytest.mark.parametrize(
    ("variables", "is_wanted"),
    [({"from": "ANN@"}, True), ({"subject": "lunch"}, True), ({"from": "bob"}, False), ({"label": "L1"}, False)],
)
def test_gmail_filters_what_arrived(variables: dict[str, Any], is_wanted: bool) -> None:
    answers = [history(arrived("m1", "INBOX")), *([] if "label" in variables else [MAIL])]
    polled, _ = poll("gmail", "email.received", {"historyId": "1", "at": 1}, *answers, **variables)
    assert bool(polled["records"]) == is_wanted


def test_gmail_tells_sent_labeled_and_deleted_mail() -> None:
    cursor, message = {"historyId": "1", "at": 1}, {"id": "m1", "threadId": "t", "labelIds": ["TRASH"]}
    sent, _ = poll("gmail", "email.sent", cursor, history(arrived("m1", "SENT"), arrived("m2", "INBOX")), MAIL)
    labeled = {"labelsAdded": [{"message": message, "labelIds": ["L1"]}]}
    tagged, _ = poll("gmail", "email.labeled", cursor, history(labeled), MAIL, label="L1")
    trashed = {"labelsAdded": [{"message": message, "labelIds": ["TRASH"]}]}
    final = {"messagesDeleted": [{"message": {"id": "m2", "threadId": "t"}}]}
    deleted, _ = poll("gmail", "email.deleted", cursor, history(trashed, labeled, final), MAIL)

    assert (ids(sent), ids(tagged), ids(deleted)) == (["sent:m1"], ["labeled:L1:m1"], ["trashed:m1", "deleted:m2"])
    assert [record["isFinal"] for record in deleted["records"]] == [False, True]


def test_a_mail_gone_before_it_could_be_read_is_left_out() -> None:
    polled, _ = poll("gmail", "email.received", {"historyId": "1", "at": 1}, history(arrived("m1", "INBOX")), LOST)
    assert polled["records"] == []


# --- googlecalendar --------------------------------------------------------------------------------------------------

SINCE = "2026-01-02T03:00:00.000Z"
OLD = {**EVENT, "id": "e0", "created": "2025-01-01T00:00:00.000Z", "updated": "2026-01-02T03:04:00.000Z"}
CANCELLED = {"id": "e2", "status": "cancelled"}


def test_the_calendars_first_poll_reads_to_the_token_and_tells_nothing() -> None:
    first, vendor = poll("googlecalendar", "event.created", None, (200, {"nextPageToken": "p"}, date(1_767_323_045)))
    assert vendor.urls[0].endswith("?maxResults=250&fields=nextPageToken,nextSyncToken")
    assert (first["records"], first["more"]) == ([], True)
    second, vendor = poll("googlecalendar", "event.created", first["cursor"], {"nextSyncToken": "s"})
    assert vendor.urls[0].endswith("?maxResults=250&pageToken=p&fields=nextPageToken,nextSyncToken")
    assert (second["cursor"], second["more"]) == ({"token": "s", "since": "2026-01-02T03:04:05.000Z"}, False)


@pytest.mark.parametrize(
    ("trigger", "expected"),
    [
        ("event.created", ["created:e1"]),
        ("event.updated", ["updated:e0:2026-01-02T03:04:00.000Z"]),
        ("event.deleted", ["deleted:e2"]),
    ],
)
def test_changes_of_a_calendar_are_told_apart(trigger: str, expected: list[str]) -> None:
    answer = (200, {"items": [EVENT, OLD, CANCELLED], "nextSyncToken": "s2"}, date(1_767_330_000))
    polled, vendor = poll("googlecalendar", trigger, {"token": "s", "since": SINCE}, answer, calendar="c@example.com")
    assert vendor.urls[0].endswith("/calendars/c@example.com/events?maxResults=250&syncToken=s")
    assert (ids(polled), polled["cursor"]["token"], polled["more"]) == (expected, "s2", False)


def test_a_forgotten_token_reads_the_calendar_again_for_what_changed_since() -> None:
    first, _ = poll("googlecalendar", "event.created", {"token": "s", "since": SINCE}, GONE)
    assert (first["cursor"], first["more"]) == ({"since": SINCE}, True)
    older = {**EVENT, "id": "e9", "updated": "2026-01-01T00:00:00.000Z"}
    second, vendor = poll(
        "googlecalendar", "event.created", first["cursor"], {"items": [older, EVENT], "nextSyncToken": "s"}
    )
    assert "syncToken" not in vendor.urls[0] and "fields" not in vendor.urls[0]
    assert ids(second) == ["created:e1"]


def test_an_event_about_to_start_is_told_once_per_start() -> None:
    soon, later = (time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + s)) for s in (300, 3000))
    items = [
        {**EVENT, "id": id_, "start": start} for id_, start in (("a", {"dateTime": soon}), ("b", {"dateTime": later}))
    ]
    polled, _ = poll(
        "googlecalendar", "event.starting", None, {"items": [*items, {**EVENT, "start": {"date": soon[:10]}}]}
    )
    assert (ids(polled), polled["emit"], polled["more"]) == ([f"a:{soon}"], True, False)


# --- jira ------------------------------------------------------------------------------------------------------------


def test_jira_is_asked_for_the_last_minutes_with_an_overlap() -> None:
    now = int(time.time())
    first, _ = poll("jira", "issue.found", None, (200, {"issues": []}, date(now)))
    assert first == {"records": [], "cursor": {"since": now * 1000}}

    cursor = {"since": (now - 90) * 1000}
    changed = {**ISSUE, "fields": {**ISSUE["fields"], "updated": "2100-01-01T00:00:00.000+0000"}}
    page = (200, {"issues": [changed, ISSUE], "nextPageToken": "p"}, date(now))
    second, vendor = poll("jira", "issue.found", cursor, page, jql="project = OPS ORDER BY rank")
    asked = '(project = OPS) AND updated >= "-5m" ORDER BY updated ASC'
    assert f"jql={asked}&maxResults=50&fields=" in vendor.urls[0]
    assert (ids(second), second["more"]) == (["updated:10002:2100-01-01T00:00:00.000+0000"], True)
    assert second["cursor"] == {**cursor, "began": now * 1000, "jql": asked, "page": "p"}

    third, vendor = poll("jira", "issue.found", second["cursor"], {"issues": []}, jql="project = OPS ORDER BY rank")
    assert f"jql={asked}&maxResults=50&nextPageToken=p" in vendor.urls[0]
    assert (third["cursor"], third["more"]) == ({"since": now * 1000}, False)
    again, _ = poll("jira", "issue.found", second["cursor"], (400, {"errorMessages": ["token"]}))
    assert (again["cursor"], again["more"]) == (cursor, True)


def test_jiras_new_issues_count_once() -> None:
    new = {**ISSUE, "fields": {**ISSUE["fields"], "created": "2100-01-01T00:00:00.000+0000"}}
    polled, _ = poll("jira", "issue.found", {"since": 0}, {"issues": [new]}, change="created")
    assert ids(polled) == ["created:10002"]


# --- outlookmail -----------------------------------------------------------------------------------------------------

GRAPH = "https://graph.microsoft.com/v1.0/me/mailFolders/inbox/messages/delta"


def test_outlook_begins_with_what_is_received_from_now_on() -> None:
    answer = (200, {"value": [LETTER], "@odata.deltaLink": f"{GRAPH}?$deltatoken=a"}, date(1_767_323_045))
    polled, vendor = poll("outlookmail", "email.received", None, answer)
    assert vendor.urls[0].startswith(f"GET {GRAPH}?$select=id,") and "changeType=created" in vendor.urls[0]
    assert "$filter=receivedDateTime ge 20" in vendor.urls[0]
    assert polled["records"] == [] and polled["cursor"] == {
        **{"link": f"{GRAPH}?$deltatoken=a", "since": "2026-01-02T03:04:05.000Z"},
    }


@pytest.mark.parametrize(
    ("trigger", "name"), [("email.received", "received:A1"), ("email.sent", "sent:A1"), ("email.deleted", "deleted:A1")]
)
def test_outlook_follows_graphs_links_to_the_end(trigger: str, name: str) -> None:
    cursor = {"link": f"{GRAPH}?$deltatoken=a", "since": SINCE}
    page = {
        "value": [LETTER, {"id": "A2", "@removed": {"reason": "changed"}}],
        "@odata.nextLink": f"{GRAPH}?$skiptoken=b",
    }
    first, vendor = poll("outlookmail", trigger, cursor, page)
    assert (ids(first), first["more"], vendor.asked[0]["url"]) == ([name], True, cursor["link"])
    assert vendor.asked[0]["headers"]["prefer"] == 'IdType="ImmutableId", odata.maxpagesize=100'
    second, vendor = poll(
        "outlookmail", trigger, first["cursor"], {"value": [], "@odata.deltaLink": f"{GRAPH}?$deltatoken=c"}
    )
    assert (vendor.asked[0]["url"], second["cursor"]["link"]) == (f"{GRAPH}?$skiptoken=b", f"{GRAPH}?$deltatoken=c")


def test_outlook_starts_over_when_graph_forgot_the_link() -> None:
    cursor = {"link": f"{GRAPH}?$deltatoken=a", "since": SINCE}
    polled, _ = poll("outlookmail", "email.received", cursor, GONE)
    assert (polled["cursor"], polled["more"]) == ({"since": SINCE}, True)
    again, vendor = poll(
        "outlookmail", "email.received", polled["cursor"], {"value": [LETTER], "@odata.deltaLink": f"{GRAPH}?x"}
    )
    assert ("$filter=receivedDateTime ge 2026-01-02T03:00:00Z" in vendor.urls[0], ids(again)) == (True, ["received:A1"])
    silent, _ = poll("outlookmail", "email.deleted", cursor, GONE)
    assert (silent["cursor"], silent["more"]) == ({}, True)


def test_an_outlook_change_has_its_own_id_and_a_foreign_link_is_never_followed() -> None:
    cursor = {"link": f"{GRAPH}?$deltatoken=a", "since": SINCE}
    end = {"@odata.deltaLink": f"{GRAPH}?x"}
    one, _ = poll("outlookmail", "email.updated", cursor, {"value": [LETTER], **end})
    other, _ = poll("outlookmail", "email.updated", cursor, {"value": [{**LETTER, "isRead": True}], **end})
    assert len({*ids(one), *ids(other)}) == 2
    with pytest.raises(LogicFailed, match="no link of Microsoft Graph"):
        poll("outlookmail", "email.received", {"link": "https://evil.example/v1.0/me", "since": SINCE})


# --- http ------------------------------------------------------------------------------------------------------------


def test_a_changed_resource_is_told_once_per_change() -> None:
    first, _ = poll("http", "resource.changed", None, {"a": {"b": 1}, "at": 1}, url="/x", path="a")
    same, _ = poll("http", "resource.changed", first["cursor"], {"a": {"b": 1}, "at": 2}, url="/x", path="a")
    changed, _ = poll("http", "resource.changed", same["cursor"], {"a": {"b": 2}}, url="/x", path="a")
    back, _ = poll("http", "resource.changed", changed["cursor"], {"a": {"b": 1}}, url="/x", path="a")
    assert [len(one["records"]) for one in (first, same, changed, back)] == [0, 0, 1, 1]
    assert changed["records"][0]["body"] == {"b": 2} and back["cursor"]["count"] == 2


def test_new_items_of_a_list_are_told_once_however_it_is_ordered() -> None:
    variables = {"url": "/x", "path": "items", "idField": "id"}
    first, _ = poll("http", "list.item.added", None, {"items": [{"id": 1}, {"id": 2}]}, **variables)
    later, _ = poll("http", "list.item.added", first["cursor"], {"items": [{"id": 3}, {"id": 2, "x": 1}]}, **variables)
    again, _ = poll("http", "list.item.added", later["cursor"], {"items": [{"id": 1}, {"id": 3}]}, **variables)
    assert [[one["item"]["id"] for one in polled["records"]] for polled in (first, later, again)] == [[], [3], []]


def test_many_new_items_are_told_over_several_polls() -> None:
    items = {"items": [{"id": number} for number in range(1200)]}
    cursor: Any = {"seen": []}
    seen: list[str] = []
    for _ in range(3):
        polled, _ = poll("http", "list.item.added", cursor, items, url="/x", path="items", idField="id")
        cursor, seen = polled["cursor"], [*seen, *ids(polled)]
    assert (len(seen), len(set(seen)), polled["more"]) == (1200, 1200, False)


def test_every_polled_trigger_was_polled_first_without_a_cursor() -> None:
    answers: dict[str, Any] = {
        "gmail": {"historyId": "1"},
        "outlookmail": {"value": [], "@odata.deltaLink": f"{GRAPH}?x"},
    }
    answers |= {
        "googlecalendar": {"items": [EVENT], "nextSyncToken": "s"},
        "jira": {"issues": [ISSUE]},
        "http": {"a": []},
    }
    for connector, answer in answers.items():
        for name, trigger in parts(connector)["triggers"].items():
            if "poll" in trigger["logic"]:
                polled, _ = poll(connector, name, None, answer, label="L1", url="/x", path="a")
                assert (polled["records"], bool(polled["cursor"])) == ([], True), name
