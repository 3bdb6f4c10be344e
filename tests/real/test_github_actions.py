"""The github connector's actions, through the guarded client, against GitHub's own API description."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest

from chalicelib.core.errors import LogicFailed
from tests.real.github_api import Prism
from tests.real.guarded_host import GuardedHost
from tests.unit.connectors.connector_logic import SECRET, Logic, github

pytestmark = pytest.mark.usefixtures("may_call_this_machine")

REPOSITORY = "octocat/Hello-World"
INPUTS: list[tuple[str, dict[str, Any]]] = [
    ("issue.create", {"title": "Found a bug"}),
    (
        "issue.create",
        {"title": "Ä", "body": "b", "labels": ["bug", "a b"], "assignees": ["octocat"], "milestone": None},
    ),
    ("issue.get", {"number": 1347}),
    ("issue.list", {}),
    ("issue.list", {"state": "all", "labels": ["bug"], "since": "2026-01-01T00:00:00Z", "sort": "updated", "page": 2}),
    ("issue.update", {"number": 1347, "state": "closed", "stateReason": "not_planned", "milestone": None}),
    ("issue.comment", {"number": 1347, "body": "Me too"}),
    (
        "pull_request.list",
        {"state": "all", "base": "main", "sort": "long-running", "direction": "desc", "perPage": 100},
    ),
    ("pull_request.create", {"title": "Fix", "head": "octocat:fix", "base": "main", "draft": True}),
    ("release.create", {"tagName": "v1.0.0", "name": "One", "generateReleaseNotes": True}),
    ("repo.get", {}),
    ("user.get", {}),
    ("workflow.dispatch", {"workflow": "build.yml", "ref": "main", "inputs": {"name": "Mona"}}),
]
# What the platform's own check of the input would catch is sent all the same: here it is GitHub who must refuse.
WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("issue.create", {}, "title"),
    ("issue.create", {"title": "x", "labels": "bug"}, "labels"),
    ("issue.list", {"state": "banana"}, "state"),
    ("issue.update", {"number": 1, "state": "banana"}, "state"),
    ("issue.comment", {"number": 1}, "body"),
    ("issue.get", {"number": "one"}, "issue_number"),
    ("pull_request.list", {"sort": "banana"}, "sort"),
    ("pull_request.create", {"title": "x"}, "head"),
    ("release.create", {"name": "x"}, "tag_name"),
    ("workflow.dispatch", {"workflow": "build.yml"}, "ref"),
]


def execute(prism: Prism, name: str, data: dict[str, Any]) -> tuple[Any, GuardedHost]:
    host = GuardedHost()
    logic = Logic(token={"type": "apiKey", "key": "ghp_test"}, url=prism.url, host=host)
    data = {"repository": REPOSITORY, **data}
    return logic.run("action", name, "execute", input={"data": data, "query": {}}), host


@pytest.mark.parametrize(("name", "data"), INPUTS)
def test_github_accepts_the_request_and_the_output_is_as_declared(
    prism: Prism, name: str, data: dict[str, Any]
) -> None:
    mark = prism.mark()
    output, host = execute(prism, name, data)

    assert prism.violations(mark) == []
    jsonschema_rs.validator_for(github()["actions"][name]["schema"]["output"]).validate(output)
    assert host.asked[0]["headers"]["x-github-api-version"] == "2022-11-28"
    assert host.asked[0]["headers"]["authorization"] == "Bearer ghp_test"


def test_every_action_was_tried() -> None:
    assert {name for name, _ in INPUTS} == set(github()["actions"])


@pytest.mark.parametrize(("name", "data", "culprit"), WRONG)
def test_github_refuses_a_wrong_request_and_the_refusal_surfaces(
    prism: Prism, name: str, data: dict[str, Any], culprit: str
) -> None:
    mark = prism.mark()
    with pytest.raises(LogicFailed, match="GitHub answered 4") as failed:
        execute(prism, name, data)

    assert failed.value.details["status"] in (400, 404, 422)
    assert any(culprit in violation for violation in prism.violations(mark, at_least=1))


def test_a_path_github_does_not_know_is_refused(prism: Prism) -> None:
    with pytest.raises(LogicFailed, match=r"GitHub answered 404: .*hasn't been found"):
        logic = Logic(url=f"{prism.url}/nowhere", host=GuardedHost())
        logic.run("action", "user.get", "execute", input={"data": {}, "query": {}})


def test_registering_and_removing_a_webhook_fits_the_description(prism: Prism) -> None:
    logic = Logic(
        token={"type": "apiKey", "key": "k"}, url=prism.url, vars={"webhookSecret": SECRET}, host=GuardedHost()
    )
    variables = {"repository": REPOSITORY, "register": True}
    mark = prism.mark()
    stored = logic.run("trigger", "push", "create", webhook={"url": "https://m.example/v1/hook/k"}, variables=variables)
    logic.run("trigger", "push", "delete", stored=stored, variables=variables)

    assert stored["repository"] == REPOSITORY and stored["hook_id"]
    assert prism.violations(mark) == []


def test_polling_fits_the_description(prism: Prism) -> None:
    logic = Logic(token={"type": "apiKey", "key": "k"}, url=prism.url, host=GuardedHost())
    variables = {"repository": REPOSITORY, "includePullRequests": True}
    mark = prism.mark()
    first = logic.run("trigger", "issue.updated", "poll", cursor=None, variables=variables)
    second = logic.run("trigger", "issue.updated", "poll", cursor=first["cursor"], variables=variables)

    assert (first["records"], len(second["records"])) == ([], 1)
    assert prism.violations(mark) == []
