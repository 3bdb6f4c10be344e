"""The github connector's JavaScript, run by the platform's own runner on small hand-made payloads."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import jsonschema_rs
import pytest

from chalicelib.core.errors import LogicFailed
from tests.unit.connectors.connector_logic import SECRET, Logic, github, notification

REPOSITORY = {
    "id": 7,
    "name": "Hello",
    "full_name": "Octo/Hello",
    "private": False,
    "owner": {"id": 1, "login": "Octo"},
}
SENDER = {"id": 2, "login": "mona", "type": "User", "html_url": "https://github.com/mona", "site_admin": False}
ISSUE = {
    **{"id": 70, "number": 3, "title": "It fails", "state": "open", "locked": False, "comments": 0},
    **{"user": SENDER, "labels": [{"id": 5, "name": "bug"}], "assignees": [], "body": None, "html_url": "https://g/3"},
    **{"created_at": "2026-01-02T03:04:05Z", "updated_at": "2026-01-02T03:04:05Z", "closed_at": None},
}
OPENED = {"action": "opened", "issue": ISSUE, "repository": REPOSITORY, "sender": SENDER}
PUSHED = {
    **{"ref": "refs/heads/main", "before": "a" * 40, "after": "b" * 40, "created": False, "deleted": False},
    **{"forced": False, "base_ref": None, "compare": "https://github.com/c", "commits": [], "head_commit": None},
    **{"pusher": {"name": "mona", "email": "mona@example.com"}, "repository": REPOSITORY, "sender": SENDER},
}


class GitHub:
    """Answers calls from a list, and keeps what was asked."""

    def __init__(self, *answers: tuple[int, Any] | tuple[int, Any, dict[str, str]]) -> None:
        self.answers = list(answers)
        self.asked: list[dict[str, Any]] = []

    def http(self, request: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(request)
        status, body, *headers = self.answers.pop(0)
        return {"status": status, "headers": headers[0] if headers else {}, "body": json.dumps(body)}


def trigger(name: str, note: dict[str, Any], **variables: Any) -> Any:
    return Logic().run("trigger", name, "trigger", notification=note, variables=variables)


def respond(note: dict[str, Any], **vars: Any) -> dict[str, Any]:
    return Logic(vars=vars).run("event", "webhook", "response", notification=note)


def execute(host: GitHub, name: str, **data: Any) -> Any:
    logic = Logic(token={"type": "apiKey", "key": "ghp_x"}, host=host)
    return logic.run("action", name, "execute", input={"data": data, "query": {}})


# --- the code --------------------------------------------------------------------------------------------------------


def test_every_hook_and_script_parses() -> None:
    parts = github()
    pieces = {f"fn/{name}": f"const args = [];\n{code}" for name, code in parts["scripts"].items()}
    for kind in ("events", "triggers", "actions"):
        for name, component in parts[kind].items():
            pieces.update({f"{kind}/{name}/{hook}": logic["code"] for hook, logic in component["logic"].items()})
    for where, code in pieces.items():
        body = f"const parsed = async function () {{\n{code}\n}};\nreturn typeof parsed;"
        assert Logic().run_code(body) == "function", where


# --- refusing what GitHub did not sign -------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [False, True])
def test_a_signed_notification_is_accepted_as_json_and_as_a_form(form: bool) -> None:
    assert respond(notification("issues", OPENED, form=form), webhookSecret=SECRET)["status"] == 202


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"x-hub-signature-256": ""}, 401),
        ({"x-hub-signature-256": "sha256=" + "0" * 64}, 401),
        ({"x-hub-signature-256": "sha256=short"}, 401),
        ({"x-hub-signature-256": "é" * 71}, 401),
    ],
)
def test_a_missing_or_wrong_signature_is_refused(change: dict[str, str], status: int) -> None:
    note = notification("issues", OPENED)
    note["headers"].update(change)
    answer = respond(note, webhookSecret=SECRET)

    assert (answer["status"], "X-Hub-Signature-256" in answer["body"]["message"]) == (status, True)


def test_a_signature_of_another_body_or_secret_is_refused() -> None:
    assert respond({**notification("issues", OPENED), "rawBody": "{}"}, webhookSecret=SECRET)["status"] == 401
    assert respond(notification("issues", OPENED, secret="another"), webhookSecret=SECRET)["status"] == 401


def test_the_signature_is_of_the_exact_text() -> None:
    note = notification("issues", OPENED)
    note["rawBody"] = note["rawBody"].replace(": ", ":")
    assert respond(note, webhookSecret=SECRET)["status"] == 401


@pytest.mark.parametrize("vars", [{}, {"webhookSecret": ""}, {"webhookSecret": None}])
def test_without_a_secret_everything_is_refused(vars: dict[str, Any]) -> None:
    answer = respond(notification("issues", OPENED), **vars)
    assert (answer["status"], "secret" in answer["body"]["message"]) == (403, True)


def test_a_signed_body_that_is_no_payload_is_refused() -> None:
    assert respond(notification("issues", ["not", "an", "object"]), webhookSecret=SECRET)["status"] == 400
    assert respond(notification(None, OPENED), webhookSecret=SECRET)["status"] == 400


# --- routing and filtering -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "triggers"),
    [
        ("issues", ["issue", "any"]),
        ("pull_request_review", ["pull_request.review", "any"]),
        ("push", ["push", "any"]),
        ("sponsorship", ["any"]),
        ("toString", ["any"]),
        ("ping", None),
        (None, None),
    ],
)
def test_an_event_is_routed_to_its_own_trigger_and_any(event: str | None, triggers: list[str] | None) -> None:
    assert Logic().run("event", "webhook", "route", notification=notification(event, {})) == triggers


def test_what_is_delivered_is_compact_and_as_declared() -> None:
    delivered = trigger("issue", notification("issues", OPENED, delivery="d-9"))

    assert {key: delivered[key] for key in ("event", "action", "delivery")} == {
        **{"event": "issues", "action": "opened", "delivery": "d-9"},
    }
    assert (delivered["repository"]["full_name"], delivered["repository"]["id"]) == ("Octo/Hello", 7)
    assert delivered["sender"] == {key: SENDER[key] for key in ("id", "login", "type", "html_url")}
    assert (delivered["issue"]["number"], delivered["issue"]["is_pull_request"]) == (3, False)
    jsonschema_rs.validator_for(github()["triggers"]["issue"]["schema"]["output"]).validate(delivered)


def test_a_form_delivers_what_json_delivers() -> None:
    assert trigger("issue", notification("issues", OPENED, form=True)) == trigger(
        "issue", notification("issues", OPENED)
    )


@pytest.mark.parametrize(
    ("variables", "is_wanted"),
    [
        ({}, True),
        ({"repository": "octo/hello"}, True),
        ({"repository": "octo/other"}, False),
        ({"actions": []}, True),
        ({"actions": ["closed", "opened"]}, True),
        ({"actions": ["closed"]}, False),
        ({"repository": "OCTO/HELLO", "actions": ["closed"]}, False),
    ],
)
def test_a_subscriber_receives_only_what_was_asked_for(variables: dict[str, Any], is_wanted: bool) -> None:
    assert (trigger("issue", notification("issues", OPENED), **variables) is not None) == is_wanted


def test_any_can_be_narrowed_to_events() -> None:
    note = notification("issues", OPENED)
    assert trigger("any", note)["payload"] == OPENED
    assert trigger("any", note, events=["issues", "push"])["event"] == "issues"
    assert trigger("any", note, events=["push"]) is None


@pytest.mark.parametrize(
    ("ref", "branch", "is_wanted"),
    [("refs/heads/main", "main", True), ("refs/heads/a/b", "a/b", True), ("refs/tags/main", None, False)],
)
def test_a_push_can_be_narrowed_to_a_branch(ref: str, branch: str | None, is_wanted: bool) -> None:
    note = notification("push", {**PUSHED, "ref": ref})
    assert trigger("push", note)["branch"] == branch
    assert (trigger("push", note, branch=branch or "main") is not None) == is_wanted


# --- actions ---------------------------------------------------------------------------------------------------------


def test_an_action_sends_what_github_asks_for() -> None:
    host = GitHub((201, ISSUE))
    created = execute(host, "issue.create", repository="Octo/Hello", title="It fails", labels=["bug"])

    (asked,) = host.asked
    assert (asked["method"], asked["url"]) == ("POST", "https://api.github.com/repos/Octo/Hello/issues")
    assert json.loads(asked["body"]) == {"title": "It fails", "labels": ["bug"]}
    assert {name: asked["headers"].get(name) for name in ("accept", "x-github-api-version", "authorization")} == {
        "accept": "application/vnd.github+json, application/json;q=0.9",
        "x-github-api-version": "2022-11-28",
        "authorization": "Bearer ghp_x",
    }
    assert "millrace" in asked["headers"]["user-agent"]
    assert created["number"] == 3


def test_null_clears_a_field_and_absence_keeps_it() -> None:
    host = GitHub((200, ISSUE))
    execute(host, "issue.update", repository="Octo/Hello", number=3, milestone=None, state="closed")
    assert json.loads(host.asked[0]["body"]) == {"milestone": None, "state": "closed"}


def test_a_list_tells_its_next_page() -> None:
    link = '<https://api.github.com/x?page=1>; rel="prev", <https://api.github.com/x?per_page=2&page=3>; rel="next"'
    host = GitHub((200, [ISSUE], {"link": link}), (200, []))

    first = execute(host, "issue.list", repository="Octo/Hello", perPage=2, page=2, labels=["a b", "c"])
    assert (len(first["issues"]), first["nextPage"]) == (1, 3)
    assert urlsplit(host.asked[0]["url"]).query == "labels=a+b,c&per_page=2&page=2"
    assert execute(host, "issue.list", repository="Octo/Hello")["nextPage"] is None


@pytest.mark.parametrize("repository", ["", "octo", "octo/", "/hello", "a/b/c", "../user", "a/..", "./."])
def test_a_repository_that_is_not_owner_and_name_is_never_asked_for(repository: str) -> None:
    host = GitHub()
    with pytest.raises(LogicFailed, match="repository must be owner/name"):
        execute(host, "repo.get", repository=repository)
    assert host.asked == []


def test_path_values_are_encoded() -> None:
    host = GitHub((200, REPOSITORY), (204, ""))
    execute(host, "repo.get", repository="o?x#/h e%2Fl")
    execute(host, "workflow.dispatch", repository="o/h", workflow="../a b.yml", ref="main")

    assert urlsplit(host.asked[0]["url"]).path == "/repos/o%3Fx%23/h%20e%252Fl"
    assert urlsplit(host.asked[1]["url"]).path == "/repos/o/h/actions/workflows/..%2Fa%20b.yml/dispatches"


def test_an_instance_of_ones_own_is_called_at_its_url() -> None:
    host = GitHub((200, SENDER))
    Logic(url="https://ghe.example/api/v3/", host=host).run("action", "user.get", "execute", input={"data": {}})
    assert host.asked[0]["url"] == "https://ghe.example/api/v3/user"
    assert "authorization" not in host.asked[0]["headers"]


def test_a_refusal_carries_githubs_message_and_status() -> None:
    fault = {"resource": "Issue", "field": "title", "code": "missing_field"}
    host = GitHub((422, {"message": "Validation Failed", "errors": [fault]}))
    with pytest.raises(LogicFailed) as failed:
        execute(host, "issue.create", repository="Octo/Hello", title="x")

    assert "GitHub answered 422: Validation Failed (Issue.title: missing_field)" in failed.value.message
    assert failed.value.details["status"] == 422


def test_a_refusal_without_json_still_says_its_status() -> None:
    with pytest.raises(LogicFailed, match="GitHub answered 502"):
        execute(GitHub((502, "")), "repo.get", repository="a/b")


# --- registering the webhook -----------------------------------------------------------------------------------------

HOOK = {"id": 12, "active": True, "events": ["push"], "config": {"url": "https://m.example/v1/hook/k"}}
EXISTS = (422, {"message": "Validation Failed", "errors": [{"message": "Hook already exists on this repository"}]})


def register(host: GitHub, vars: dict[str, Any] | None = None, **variables: Any) -> Any:
    logic = Logic(host=host, vars={"webhookSecret": SECRET} if vars is None else vars)
    return logic.run("trigger", "push", "create", webhook={"url": HOOK["config"]["url"]}, variables=variables)


def test_the_webhook_is_created_when_asked_for_and_deleted_again() -> None:
    host = GitHub((201, HOOK), (204, ""))
    stored = register(host, repository="octo/hello", register=True)
    Logic(host=host).run("trigger", "push", "delete", stored=stored, variables={})

    assert stored == {"repository": "octo/hello", "hook_id": 12, "is_shared": False}
    assert json.loads(host.asked[0]["body"]) == {
        **{"name": "web", "active": True, "events": ["push"]},
        "config": {"url": HOOK["config"]["url"], "content_type": "json", "insecure_ssl": "0", "secret": SECRET},
    }
    assert (host.asked[1]["method"], host.asked[1]["url"]) == (
        *("DELETE", "https://api.github.com/repos/octo/hello/hooks/12"),
    )


def test_nothing_is_registered_unless_asked_for() -> None:
    assert register(GitHub(), repository="octo/hello") is None
    assert Logic().run("trigger", "push", "delete", stored=None, variables={}) is None


@pytest.mark.parametrize(("vars", "variables"), [({}, {"repository": "a/b"}), ({"webhookSecret": "s"}, {})])
def test_registering_needs_a_secret_and_a_repository(vars: dict[str, Any], variables: dict[str, Any]) -> None:
    with pytest.raises(LogicFailed, match="register needs"):
        register(GitHub(), vars, register=True, **variables)


def test_a_webhook_already_there_is_shared_and_never_deleted() -> None:
    host = GitHub(EXISTS, (200, [{**HOOK, "id": 11, "active": False}, HOOK]))
    stored = register(host, repository="octo/hello", register=True)
    Logic(host=host).run("trigger", "push", "delete", stored=stored, variables={})

    assert (stored["hook_id"], stored["is_shared"], len(host.asked)) == (12, True, 2)


def test_a_webhook_already_gone_is_as_good_as_deleted() -> None:
    stored = {"repository": "octo/hello", "hook_id": 12, "is_shared": False}
    host = GitHub((404, {"message": "Not Found"}), (403, {"message": "Forbidden"}))

    assert Logic(host=host).run("trigger", "push", "delete", stored=stored, variables={}) is None
    with pytest.raises(LogicFailed, match="Forbidden"):
        Logic(host=host).run("trigger", "push", "delete", stored=stored, variables={})


# --- polling ---------------------------------------------------------------------------------------------------------


def poll(host: GitHub, cursor: Any, **variables: Any) -> Any:
    variables = {"repository": "octo/hello", **variables}
    return Logic(host=host).run("trigger", "issue.updated", "poll", cursor=cursor, variables=variables)


def test_the_first_poll_only_remembers_githubs_time() -> None:
    host = GitHub((200, [ISSUE], {"date": "Fri, 02 Jan 2026 03:04:05 GMT"}))
    assert poll(host, None) == {"records": [], "cursor": {"since": "2026-01-02T03:04:05Z", "page": 1}}


def test_a_poll_gives_each_change_once_under_its_own_id() -> None:
    pull_request = {**ISSUE, "id": 71, "pull_request": {"url": "u"}, "updated_at": "2026-01-02T03:04:06Z"}
    host = GitHub((200, [ISSUE, pull_request]), (200, [ISSUE, pull_request]))
    polled = poll(host, {"since": "2026-01-02T03:04:05Z", "page": 1})

    assert [record["id"] for record in polled["records"]] == ["70:2026-01-02T03:04:05Z"]
    assert (polled["cursor"], polled["more"]) == ({"since": "2026-01-02T03:04:06Z", "page": 1}, False)
    jsonschema_rs.validator_for(github()["triggers"]["issue.updated"]["schema"]["output"]).validate(
        polled["records"][0]
    )
    query = "state=all&sort=updated&direction=asc&since=2026-01-02T03:04:05Z&per_page=100&page=1"
    assert urlsplit(host.asked[0]["url"]).query == query
    assert len(poll(host, {"since": "x", "page": 1}, includePullRequests=True)["records"]) == 2


def test_a_full_page_says_that_there_is_more_even_within_one_second() -> None:
    page = [{**ISSUE, "id": number} for number in range(100)]
    since = ISSUE["updated_at"]
    first = poll(GitHub((200, page)), {"since": "2026-01-01T00:00:00Z", "page": 1})
    second = poll(GitHub((200, page)), first["cursor"])

    assert (first["more"], first["cursor"]) == (True, {"since": since, "page": 1})
    assert (second["more"], second["cursor"]) == (True, {"since": since, "page": 2})
    assert poll(GitHub((200, [])), second["cursor"]) == {
        **{"records": [], "more": False, "cursor": {"since": since, "page": 1}},
    }
