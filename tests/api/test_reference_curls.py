"""The reference's own curl lines, each sent as it stands there.

A line is kept as it was written: its method, its path with the query, and whether it sends `api_key: default`. A key
is needed on every call here, so it is added where a line leaves it out, and without it the same line meets 401.
"""

# ruff: noqa: E501 the lines are as long as they are

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import pytest

from chalicelib.core import config
from tests.builders import make_token
from tests.client import Answer, Client

KEY = "default"
CONTRIBUTOR = "da6f434d-e26f-4686-a222-8dc2ad4b14b6"
CALENDAR = "051466ff-fb74-4128-96cf-cf1bad07fe6e"
DOOMED = "86e5d937-b8e9-4f06-8ced-eac513155a93"
SECURED = "da57dde4-9996-4f55-9738-0e0ce0f95572"
SECURITY, OTHER_SECURITY = "0ba821ef-cbb9-40fe-a79a-c470f1d5cfb8", "0ba821ef-cbb9-40fe-a79a-c470f1d5cfb9"
VARIABLE = "996a4aad-34a0-46c6-b647-8ad261445cd4"
DATATYPE = "dfb8888a-6dc1-4455-9d87-91d384d71f89"
EVENT = "ecd55aaa-7846-4bbf-8092-b753f96955c4"
VERSION = "3d40cbbb-b5a9-4c86-8d2a-e7d3d3d4b9df"
SUBSCRIBED = "/v1/service/gmail/trigger/email.sent/subscription?userId=testUserId"
OAUTH = {"authorizationUrl": "https://accounts.example.com/o", "tokenUrl": "https://accounts.example.com/t"}
SUBSCRIPTION = "97c73ca1-3941-4418-a32b-d5b46240911d"


@dataclass(frozen=True)
class Line:
    """One curl line: what it sends, and what comes back (a list, an object with fields, or exactly this)."""

    name: str
    text: str
    answers: Any
    sends_key: bool = False

    @property
    def method(self) -> str:
        """The method after --request, GET without it."""
        found = re.search(r"--request (\w+)", self.text)
        return found[1] if found else "GET"

    @property
    def target(self) -> str:
        """The path and the query."""
        return re.search(r"localhost:1290([^']+)", self.text)[1]  # type: ignore[index]


def line(name: str, text: str, answers: Any, *, key: bool = False) -> Line:
    return Line(name, text, answers, key)


LINES = [
    line("listSubscriptions", "curl --location --request GET 'http://localhost:1290/v1/subscription?userId=testUserId'", list, key=True),
    line("deleteSubscription", f"curl --location --request DELETE 'http://localhost:1290/v1/subscription/{SUBSCRIPTION}?userId=testUserId'", "", key=True),
    line("listDatatypes", "curl --location 'localhost:1290/v1/service/gmail/datatype?userId=testUserId'", list),
    line("getDatatype", "curl --location 'localhost:1290/v1/service/gmail/datatype/testDataType?userId=testUserId'", {"name": "testDataType", "published": True}),
    line("deleteDatatype", f"curl --location --request DELETE 'localhost:1290/v1/service/gmail/datatype/{DATATYPE}?userId=testUserId'", {}),
    line("listTokens", "curl --location 'http://localhost:1290/v1/service/googlecalendar/token?userId=hello%40interactor.com'", list, key=True),
    line("getServiceOauthUrl", f"curl --location 'http://localhost:1290/v1/service/{CALENDAR}/oauth?userId=testUserId'", {"url": Any}, key=True),
    line("listServices", "curl --location 'http://localhost:1290/v1/service'", list, key=True),
    line("getService", f"curl --location 'http://localhost:1290/v1/service/{CALENDAR}'", {"id": CALENDAR, "name": "googlecalendar", "type": "0", "sharing": "none", "enabled": True}),
    line("deleteService", f"curl --location --request DELETE 'localhost:1290/v1/service/{DOOMED}?userId=2'", {}),
    line("publishService", f"curl --location --request POST 'localhost:1290/v1/service/{DOOMED}/publish?contributor_id={CONTRIBUTOR}", {}),
    line("getServiceWebhookSetting", f"curl --location 'localhost:1290/v1/service/{DOOMED}/webhookSetting?userId=testUserId'", {"url": Any}),
    line("listServiceVersions", "curl --location 'http://localhost:1290/v1/service/gmail/version'", list, key=True),
    line("getServiceVersion", "curl --location 'localhost:1290/v1/service/gmail/version/?userId=834b068c-7259-471e-9024-760a9854efac'", list),
    line("deleteServiceVersion", f"curl --location --request DELETE 'localhost:1290/v1/service/gmail/version/{VERSION}?userId=testUserId'", {}),
    line("listSecurities", "curl --location 'localhost:1290/v1/service/outlookmail/security'", list),
    line("getSecurity", f"curl --location 'localhost:1290/v1/service/{SECURED}/security/{SECURITY}?userId=testUserId'", {"id": SECURITY, "serviceId": SECURED}),
    line("deleteSecurity", f"curl --location --request DELETE 'localhost:1290/v1/service/{SECURED}/security/{OTHER_SECURITY}?userId=testUserId'", {}),
    line("listVariables", f"curl --location 'localhost:1290/v1/service/{SECURED}/variable'", list),
    line("getVariable", f"curl --location 'localhost:1290/v1/service/{SECURED}/variable/{VARIABLE}'", {"id": VARIABLE, "component_id": VARIABLE}),
    line("deleteVariable", f"curl --location --request DELETE 'localhost:1290/v1/service/{SECURED}/variable/{VARIABLE}?userId=testUserId'", {}),
    line("listActions", "curl --location 'http://localhost:1290/v1/service/googlecalendar/action'", list, key=True),
    line("getAction", "curl --location 'localhost:1290/v1/service/gmail/action/email.draft.create'", {"name": "email.draft.create"}),
    line("deleteAction", "curl --location --request DELETE 'localhost:1290/v1/service/gmail/action/email.draft.create?userId=testUserId'", {}),
    line("listEvents", "curl --location 'http://localhost:1290/v1/service/jira/event'", list, key=True),
    line("getEvent", "curl --location 'localhost:1290/v1/service/gmail/event/notification?userId=834b068c-7259-471e-9024-760a9854efac'", {"name": "notification"}),
    line("deleteEvent", f"curl --location --request DELETE 'localhost:1290/v1/service/gmail/event/{EVENT}?userId=testUserId'", {}),
    line("listTriggers", "curl --location 'http://localhost:1290/v1/service/googlecalendar/trigger'", list),
    line("getTrigger", "curl --location 'localhost:1290/v1/service/gmail/trigger/email.sent?userId=testUserId'", {"name": "email.sent"}),
]  # fmt: skip


THINGS: dict[str, list[tuple[str, dict[str, Any]]]] = {  # what a service has, where a line names it
    "gmail": [
        ("version", {"name": "1"}),
        ("version", {"name": "2", "id": VERSION}),
        ("datatype", {"name": "testDataType"}),
        ("datatype", {"name": "other", "id": DATATYPE}),
        ("action", {"name": "email.draft.create"}),
        ("event", {"name": "notification", "type": "webhook"}),
        ("event", {"name": "other", "id": EVENT}),
        ("trigger", {"name": "email.sent"}),
    ],
    "googlecalendar": [
        ("version", {"name": "1.0.0"}),
        ("security", {"type": "oauth2", "config": {"auth": OAUTH}}),
    ],
    "doomed": [("version", {"name": "11"}), ("event", {"name": "notification"})],
    "secured": [
        ("security", {"type": "apiKey", "id": SECURITY}),
        ("security", {"type": "apiKey", "id": OTHER_SECURITY}),
        ("variable", {"name": "clientId", "id": VARIABLE}),
    ],
    "jira": [],
    "outlookmail": [],
}
IDS = {"googlecalendar": CALENDAR, "doomed": DOOMED, "secured": SECURED}


@pytest.fixture
def client(workspace: str, monkeypatch: pytest.MonkeyPatch) -> Client:
    """A workspace that the key `default` opens."""
    keys: Any = config.settings().dev_keys
    monkeypatch.setitem(keys, KEY, workspace)
    return Client(KEY)


def prepared(client: Client, sent: Line) -> str:
    """Make what the line names; give its target, with ids that only exist now."""
    target = sent.target
    for user in (*re.findall(r"(?:userId|contributor_id)=([^&]+)", target), "my_user"):
        client.post("/v1/user", {"userId": unquote(user)}).ok()
    named = SUBSCRIBED if "/subscription" in target else target
    for service, parts in THINGS.items():
        if f"/{service}/" in named or IDS.get(service, service) in named:
            fields = {"id": IDS[service]} if service in IDS else {}
            client.post("/v1/service?userId=my_user", {"name": service, **fields}).ok()
            for kind, body in parts:
                if f"/{kind}" in named or kind in ("version", "security") or service == "doomed":
                    client.post(f"/v1/service/{service}/{kind}?userId=my_user", body).ok()
    if sent.name == "getServiceOauthUrl":
        client.post(f"/v1/service/{CALENDAR}/variable", {"name": "clientId"}).ok()
        client.put(f"/v1/service/{CALENDAR}/variable/clientId/value", {"value": "client"}).ok()
    if sent.name == "listTokens":
        security = client.get(f"/v1/service/{CALENDAR}/security").ok()[0]["id"]
        make_token(client, security, "hello@interactor.com", oauth={"accessToken": "t"}, name="mine")
    if sent.name == "deleteSubscription":
        return target.replace(SUBSCRIPTION, client.post(SUBSCRIBED, {"url": "https://example.com/hook"}).ok()["id"])
    return target


def send(client: Client, sent: Line, target: str, key: str | None = KEY) -> Answer:
    return client.send(sent.method, target, key=key)


@pytest.mark.parametrize("sent", LINES, ids=lambda one: one.name)
def test_a_line_is_answered_as_the_reference_shows(client: Client, sent: Line) -> None:
    target = prepared(client, sent)
    answer = send(client, sent, target).ok()
    if sent.answers is list:
        assert isinstance(answer, list)
    elif isinstance(sent.answers, dict) and sent.answers:
        assert {name: value for name, value in sent.answers.items() if value is not Any}.items() <= answer.items()
        assert sent.answers.keys() <= answer.keys()
    else:
        assert answer == sent.answers
    if sent.method == "DELETE":
        assert send(client, sent, target).status == 404


def test_a_line_that_leaves_the_key_out_is_refused(client: Client) -> None:
    lines = [one for one in LINES if not one.sends_key]
    assert len(lines) == 21
    assert {send(client, sent, sent.target, None).status for sent in lines} == {401}


def test_the_encoded_address_and_the_empty_last_segment_are_read(client: Client) -> None:
    lines = {sent.name: sent for sent in LINES}
    target = prepared(client, lines["listTokens"])
    assert [one["name"] for one in send(client, lines["listTokens"], target).ok()] == ["mine"]
    client.post("/v1/service", {"name": "gmail"}).ok()
    client.post("/v1/service/gmail/version", {"name": "1"}).ok()
    listed = send(client, lines["getServiceVersion"], lines["getServiceVersion"].target).ok()
    assert [one["name"] for one in listed] == ["1"]
