"""GitHub's whole description becomes a service, and its actions call as the description asks."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from infra import openapi_import
from tests.real import packages
from tests.real.api_client import Client
from tests.real.github_api import Prism

LIMIT_S = 60
LEAST_OPERATIONS = 1_000
PLACE = {"owner": "octocat", "repo": "Hello-World"}
INPUTS: list[tuple[str, dict[str, Any]]] = [
    ("users.get-authenticated", {}),
    ("repos.get", PLACE),
    ("issues.create", {**PLACE, "title": "Found a bug", "labels": ["bug", "a b"], "assignees": ["octocat"]}),
    ("issues.get", {**PLACE, "issue_number": 1347}),
    ("issues.list-for-repo", {**PLACE, "state": "all", "labels": "bug,ui", "sort": "updated", "page": 2}),
    ("issues.update", {**PLACE, "issue_number": 1347, "state": "closed", "state_reason": "not_planned"}),
    ("issues.create-comment", {**PLACE, "issue_number": 1347, "body": "Me too"}),
    ("pulls.create", {**PLACE, "title": "Fix", "head": "octocat:fix", "base": "main", "draft": True}),
    ("repos.create-release", {**PLACE, "tag_name": "v1.0.0", "generate_release_notes": True}),
    ("actions.create-workflow-dispatch", {**PLACE, "workflow_id": "build.yml", "ref": "main"}),
]
NOWHERE = {"owner": "never-asked", "repo": "nothing"}
WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("repos.get", {"owner": "never-asked"}, "body.repo"),
    ("issues.create", NOWHERE, "body.title"),
    ("issues.list-for-repo", {**NOWHERE, "state": "banana"}, "body.state"),
    ("issues.get", {**NOWHERE, "issue_number": "one"}, "body.issue_number"),
]


@pytest.fixture(scope="module")
def imported(platform_url: str) -> tuple[dict[str, Any], float]:
    """Import GitHub's description; how it ended, and after how many seconds."""
    packages.ensure()
    began = time.monotonic()
    target = openapi_import.Target(platform_url, "default", "connector-admin")
    sent = {"name": f"github-{time.time_ns()}", "securitySchemes": openapi_import.BEARER}
    made = openapi_import.wait(target, openapi_import.upload(target, packages.DESCRIPTION, **sent))
    return made, time.monotonic() - began


@pytest.fixture(scope="module")
def user(platform_url: str, prism: Prism, imported: tuple[dict[str, Any], float]) -> Iterator[Client]:
    """A user with a token, whose instance is the mock."""
    client = Client(platform_url, f"mona-{time.time_ns()}")
    client.ok("POST", "/v1/user", {"userId": client.user_id})
    [security] = client.ok("GET", f"/v1/service/{imported[0]['serviceId']}/security")
    token = {"name": "t", "serviceSecurityId": security["id"], "key": "ghp_test", "serviceUrl": prism.url}
    client.ok("POST", f"/v1/user/{client.user_id}/token", token)
    yield client
    client.close()


def test_every_operation_becomes_an_action_in_time(imported: tuple[dict[str, Any], float], platform_url: str) -> None:
    made, took_s = imported
    assert made["state"] == "done", made
    assert made["made"] == made["total"] >= LEAST_OPERATIONS
    assert took_s < LIMIT_S
    client = Client(platform_url, "connector-admin")
    names = [one["name"] for one in client.ok("GET", f"/v1/service/{made['serviceId']}/action")]
    client.close()
    assert len(names) == len(set(names)) == made["total"]
    print(f"{made['total']} operations in {took_s:.1f} s, {len(made['faults'])} notes")


@pytest.mark.parametrize(("name", "data"), INPUTS)
def test_an_imported_action_calls_as_github_describes_it(
    user: Client, prism: Prism, imported: tuple[dict[str, Any], float], name: str, data: dict[str, Any]
) -> None:
    mark = prism.mark()
    user.ok("POST", f"/v1/service/{imported[0]['serviceId']}/action/{name}/execute", data)
    assert prism.violations(mark) == []


@pytest.mark.parametrize(("name", "data", "place"), WRONG)
def test_wrong_input_is_refused_before_github_is_asked(
    user: Client,
    prism: Prism,
    imported: tuple[dict[str, Any], float],
    name: str,
    data: dict[str, Any],
    place: str,
) -> None:
    answer = user.call("POST", f"/v1/service/{imported[0]['serviceId']}/action/{name}/execute", data)
    assert (answer.status_code, answer.json()["details"]["faults"][0]["location"]) == (400, place)
    assert not [line for line in prism.lines if "never-asked" in line]
