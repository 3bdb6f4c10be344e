"""Every call of the built-in connectors against what Google, Microsoft, Slack and Atlassian publish of their APIs."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest

from tests.real import vendor_packages
from tests.real.judges import Request
from tests.real.judges.google import Google
from tests.real.judges.graph import Graph
from tests.real.judges.jira import JiraClient
from tests.real.judges.openapi import OpenApi
from tests.real.judges.slack import Slack
from tests.unit.connectors.cases import BASES, CASES, case_id
from tests.unit.connectors.cases.shape import Case
from tests.unit.connectors.vendor import Vendor, logic, parts

NEWER = ("/search/jql",)  # what Jira's description may be too old to know
LINK = f"{BASES['outlookmail']}/mailFolders/inbox/messages/delta?$deltatoken=a"
SINCE = "2026-01-02T03:00:00.000Z"
CURSORS: dict[str, Any] = {
    "gmail": {"historyId": "1", "at": 1},
    "googlecalendar": {"token": "s", "since": SINCE},
    "jira": {"since": 1, "jql": "updated >= -1m"},
    "outlookmail": {"since": SINCE},
}
JUDGED = [case for case in CASES if case[0] != "http"]
POLLED = [
    (connector, name)
    for connector in CURSORS
    for name, trigger in parts(connector)["triggers"].items()
    if "poll" in trigger["logic"]
]


def judge(connector: str) -> Any:
    if connector == "gmail":
        return Google("gmail.v1")
    if connector == "googlecalendar":
        return Google("calendar.v3")
    if connector == "outlookmail":
        return Graph()
    if connector == "slack":
        return Slack()
    site = "https://acme.atlassian.net"
    return OpenApi("jira", site) if vendor_packages.description("jira") else JiraClient(site)


class Played:
    """A vendor that answers as its description says, and keeps what was asked."""

    def __init__(self, google: Google) -> None:
        self.google = google
        self.asked: list[Request] = []

    def http(self, request: Request) -> Request:
        self.asked.append(request)
        answer = self.google.answer(request)
        return {"status": 200, "headers": {}, "body": "" if answer is None else json.dumps(answer)}


def faults(judge: Any, asked: list[Request]) -> list[str]:
    assert asked
    known = [one for one in asked if not (isinstance(judge, OpenApi) and one["url"].split("?")[0].endswith(NEWER))]
    return [fault for request in known for fault in judge.faults(request)]


@pytest.mark.parametrize("case", JUDGED, ids=case_id)
def test_the_request_fits_what_the_vendor_publishes(case: Case) -> None:
    connector, kind, name, data, calls = case
    by = judge(connector)
    is_played = isinstance(by, Google) and kind != "condition"
    vendor = Played(by) if is_played else Vendor(*(call[3] for call in calls))
    hook = "values" if kind == "datatype" else "execute"
    output = logic(connector, vendor).run(kind, name, hook, input={"data": data, "query": {}})

    assert faults(by, vendor.asked) == []
    if kind == "action":
        jsonschema_rs.validator_for(parts(connector)["actions"][name]["schema"]["output"]).validate(output)


@pytest.mark.parametrize(("connector", "name"), POLLED)
@pytest.mark.parametrize("is_first", [True, False])
def test_a_poll_fits_what_the_vendor_publishes(connector: str, name: str, is_first: bool) -> None:
    by = judge(connector)
    answer = {"value": [], "@odata.deltaLink": LINK} if connector == "outlookmail" else {"issues": []}
    vendor = Played(by) if isinstance(by, Google) else Vendor(answer)
    cursor = None if is_first else CURSORS[connector]
    polled = logic(connector, vendor).run("trigger", name, "poll", cursor=cursor, variables={"label": "L1"})

    assert faults(by, vendor.asked) == []
    for record in polled["records"]:
        jsonschema_rs.validator_for(parts(connector)["triggers"][name]["schema"]["output"]).validate(record)


def request(method: str, url: str, body: Any = None) -> Request:
    return {"method": method, "url": url, "body": None if body is None else json.dumps(body)}


@pytest.mark.parametrize(
    ("connector", "asked"),
    [
        ("gmail", request("GET", "/messages?maxresults=1")),
        ("gmail", request("GET", "/messages?maxResults=many")),
        ("gmail", request("POST", "/messages/send", {"row": "x"})),
        ("gmail", request("POST", "/messages/m1/trash", {})),
        ("gmail", request("GET", "/nowhere")),
        ("googlecalendar", request("POST", "/calendars/c/events", {"start": "now"})),
        ("googlecalendar", request("POST", "/calendars/c/events/quickAdd")),
        ("googlecalendar", request("GET", "/calendars/c/events?orderBy=banana")),
        ("outlookmail", request("GET", "/messages?$select=banana")),
        ("outlookmail", request("GET", "/messages?$banana=1")),
        ("outlookmail", request("POST", "/sendMail", {"message": {"subjekt": "x"}})),
        ("outlookmail", request("PATCH", "/messages/m1", {"importance": "banana"})),
        ("outlookmail", request("PUT", "/messages/m1", {"isRead": True})),
        ("slack", request("POST", "/chat.postMessage", {"text": "x"})),
        ("slack", request("POST", "/chat.postMessage", {"channel": "C", "txt": "x"})),
        ("slack", request("POST", "/chat.shout", {})),
        ("jira", request("POST", "/issue", {"fields": []})),
        ("jira", request("GET", "/project/search?orderBy=banana")),
        ("jira", request("PUT", "/issue/1/comment", {"body": {}})),
    ],
)
def test_a_judge_notices_what_is_wrong(connector: str, asked: Request) -> None:
    if connector == "jira" and isinstance(judge(connector), JiraClient):
        pytest.skip("Jira's own description is not at hand; what its client notices is asked below")
    assert judge(connector).faults({**asked, "url": BASES[connector] + asked["url"]})


CHANNEL = {"id": "c-1", "resourceId": "r-1", "expiration": "4070908800000"}
PROLONGED = {"id": "s-1", "expirationDateTime": "2099-01-01T00:00:00Z"}
WEBHOOKS: list[tuple[str, str, str, Any, list[Any]]] = [
    ("gmail", "mailbox.changed", "create", None, [{"historyId": "1", "expiration": "4070908800000"}]),
    ("googlecalendar", "calendar.changed", "create", None, [CHANNEL]),
    ("googlecalendar", "calendar.changed", "create", CHANNEL, [CHANNEL, None]),
    ("googlecalendar", "calendar.changed", "delete", CHANNEL, [None]),
    ("outlookmail", "mailbox.changed", "create", None, [PROLONGED]),
    ("outlookmail", "mailbox.changed", "create", PROLONGED, [PROLONGED]),
    ("outlookmail", "mailbox.changed", "delete", PROLONGED, [None]),
]


@pytest.mark.parametrize(("connector", "trigger", "hook", "stored", "answers"), WEBHOOKS)
def test_webhooks_are_registered_and_renewed_as_the_vendor_publishes(
    connector: str, trigger: str, hook: str, stored: Any, answers: list[Any]
) -> None:
    vendor = Vendor(*answers)
    address = "https://hooks.example/v1/hook/abc"
    bindings = {
        "variables": {"topic": "projects/p/topics/t", "emailAddress": "a@example.com"},
        "webhook": {"url": address, "urls": {"notification": address}},
        "stored": stored,
        "subscription": {"id": "97c73ca1-3941-4418-a32b-d5b46240911d"},
    }
    logic(connector, vendor).run("trigger", trigger, hook, **bindings)
    assert faults(judge(connector), vendor.asked) == []


SITE = "https://acme.atlassian.net/rest/api/3"
WRONG: list[dict[str, Any]] = [
    {"method": "POST", "url": f"{SITE}/nothing", "headers": {}, "body": "{}"},
    {"method": "PUT", "url": f"{SITE}/issue", "headers": {}, "body": "{}"},
    {"method": "POST", "url": f"{SITE}/issue", "headers": {}, "body": '{"field": {}}'},
    {"method": "POST", "url": f"{SITE}/issue", "headers": {}, "body": None},
    {"method": "GET", "url": f"{SITE}/issue/OPS-1?field=a", "headers": {}, "body": None},
]


@pytest.mark.parametrize("request_", WRONG)
def test_what_jiras_client_does_not_know_is_told(request_: dict[str, Any]) -> None:
    assert len(JiraClient("https://acme.atlassian.net").faults(request_)) == 1


@pytest.mark.parametrize("case", [case for case in JUDGED if case[0] == "jira"], ids=case_id)
def test_jiras_requests_fit_its_client(case: Case) -> None:
    connector, kind, name, data, calls = case
    vendor = Vendor(*(call[3] for call in calls))
    logic(connector, vendor).run(kind, name, "values" if kind == "datatype" else "execute", input={"data": data})
    assert faults(JiraClient("https://acme.atlassian.net"), vendor.asked) == []
