"""Nobody sees, changes or names what is another's: workspaces, users, nodes, bots; and no key does more than it may."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

import app as _app  # noqa: F401 registers every row
from chalicelib.edge.auth import PUBLIC, SCOPES
from chalicelib.edge.failures import BOTPRESS, CONTACTFLOW
from chalicelib.edge.route import ROWS, Route
from tests.attack.figures import Figures
from tests.attack.platform import STRANGER, VICTIM, WORKSPACES, Platform
from tests.attack.sending import Api, Reply
from tests.attack.world import UNKNOWN, USER, World

GUARDED = [(surface, row) for surface, row in ROWS if row.scope != PUBLIC]
NAMED = [(surface, row) for surface, row in GUARDED if "{" in row.path]
QUERY = {"userId": USER, "contributor_id": USER, "version": "minor"}
OWN_NAMES = {  # ids that callers choose, so that a stranger may have the same: what they name is the stranger's own
    "/flow/v1/nodes",
    "/v1/subscribers", "/v1/topics", "/v1/user", "/v1/service/import/{}/part", "/v1/chat/states",
    "/v1/chat/states/{}/{}", "/v1/subscribers/{}/credentials", "/v1/topics/{}/subscribers",
    "/flow/v1/external-contents/page-builder/templates", "/flow/v1/external-contents/page-builder/templates/{}/pages",
    "/v1/admin/integrations/{}", "/v1/admin/hub/integrations/{}", "/v1/subscribers/{}/messages/{}/actions",
    "/v1/chat/webhooks/{}",
}  # fmt: skip
# What changes by itself, or by being asked for.
MOVING = {
    "readHealth", "readDocs", "readOpenapi", "downloadTokensReport", "followTokensReport", "getUsage", "listKeys",
    "readMetrics",
    "getBotLogs", "getIntegrationLogs", "getBotAnalytics", "listDeliveries", "getCurrentUser", "listDead",
    "fetchReport", "getServiceOauthUrl", "getSubscriberFeed", "listEvents", "getBotWebchat",
    "downloadAutomationsReport",
}  # fmt: skip


def send(api: Api, world: World, surface: str, row: Route, *, path: str, query: dict[str, str] = QUERY) -> Reply:
    body = without_secrets(world, world.body(row)) if row.takes is not None else None
    headers = world.headers(surface, row)
    return api.call(row.verbs.split(",")[0], path, body, headers=headers, **query)


def without_secrets(world: World, body: dict[str, Any]) -> Any:
    """Leave the planted secrets out of what a stranger sends: what comes back was not given by them."""
    text = json.dumps(body)
    for secret in world.secrets.values():
        text = text.replace(secret, "x" * len(secret))
    return json.loads(text)


def unknown_path(world: World, row: Route) -> str:
    """Fill in a path with ids of nobody, formed like those that are there."""
    other = {}
    for part in re.findall(r"{\w+}", row.path):
        before = re.sub(r"{\w+}", "{}", row.path[: row.path.index(part)]).rstrip("/")
        known = world.values.get(before, UNKNOWN)
        other[part[1:-1]] = known if before in OWN_NAMES else re.sub(r"[0-9a-f]{6}", "0" * 6, known)
    return world.path(row, **other)


def plain(reply: Reply, names: list[str]) -> tuple[int, str]:
    """Leave out of an answer what is different in each."""
    text = reply.body.decode("utf-8", "replace")
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(name, "<id>")
    text = re.sub(r'"(next|nextToken|cursor)":"[^"]+"', r'"\1":"<token>"', text)  # it holds when it ends
    text = re.sub(r"[0-9a-f]{24,}|[0-9a-f-]{36}(\.[0-9a-f-]+)*", "<id>", text)
    return reply.status, re.sub(r"\d{4}-\d\d-\d\dT[0-9:.+]+Z?", "<at>", text)


def snapshot(world: World) -> dict[str, tuple[int, str]]:
    """Read everything that can be read of a workspace."""
    found = {}
    for surface, row in GUARDED:
        if row.verbs == "GET" and row.operation_id not in MOVING:
            reply = send(world.api, world, surface, row, path=world.path(row))
            found[f"{surface} {row.path}"] = plain(reply, [])
    return found


def markers(world: World) -> list[str]:
    """List what no stranger may ever read: secrets, and ids that the platform chose."""
    chosen = [one for one in (*world.values.values(), *world.ids.values()) if len(one) > 20 and one != UNKNOWN]
    return [*world.secrets.values(), *chosen]


@pytest.fixture(scope="module")
def victim(platform: Platform) -> World:
    return platform.world(VICTIM)


@pytest.fixture(scope="module")
def attacked(platform: Platform, victim: World) -> dict[str, tuple[Reply, Reply, str, str]]:
    """Let the stranger try every operation on the victim's things, and then on nobody's; and look at the victim's."""
    stranger = Api(platform.port, STRANGER)
    stranger.post("/v1/user", {"userId": USER})
    before = snapshot(victim)
    tried = {}
    for surface, row in GUARDED:
        path, other = victim.path(row), unknown_path(victim, row)
        for also in ({}, {"x-workspace-id": WORKSPACES[VICTIM]}) if surface == BOTPRESS else ({},):
            api = stranger.also(*also.items())
            answers = send(api, victim, surface, row, path=path), send(api, victim, surface, row, path=other)
            tried[f"{surface} {row.verbs} {row.path} {' '.join(also)}"] = (*answers, path, other)
    after = snapshot(victim)
    changed = [f"{name}: {before[name]} != {after[name]}" for name in before if before[name] != after[name]]
    assert not changed, "\n".join(changed)
    return tried


def test_what_is_anothers_answers_as_what_is_nobodys(victim: World, attacked: dict[str, Any]) -> None:
    wrong = []
    for name, (theirs, nobodys, path, other) in attacked.items():
        ids = [*path.split("/"), *other.split("/")]
        names = [one for one in ids if len(one) > 8 and not one.isalpha()]
        if plain(theirs, names) != plain(nobodys, names) and path != other:
            wrong.append(f"{name}: {plain(theirs, names)} != {plain(nobodys, names)}"[:500])
    assert not wrong, "\n".join(wrong)


def test_no_operation_on_anothers_thing_succeeds(victim: World, attacked: dict[str, Any]) -> None:
    fixed = {variable for variable in victim.values if variable not in OWN_NAMES}
    wrong = []
    for name, (theirs, _, _, _) in attacked.items():
        path = re.sub(r"{\w+}", "{}", name.split(" ")[2])
        names_theirs = any(f"{variable}/{{}}" in path for variable in fixed)
        if names_theirs and theirs.status < 400 and not is_nothing(theirs):
            wrong.append(f"{name}: {theirs.status} {theirs.body[:200]!r}")
    assert not wrong, "\n".join(wrong)


def is_nothing(reply: Reply) -> bool:
    """Say whether a success tells of nothing: an empty page, or nothing to cancel."""
    body = reply.json
    return reply.body in (b"", b"{}", b"[]", b'{"data":false}') or (
        isinstance(body, dict) and not any(body.get(name) for name in ("elements", "data", "items", "logs"))
    )


def test_nothing_of_the_victim_is_in_any_answer(victim: World, attacked: dict[str, Any], figures: Figures) -> None:
    wrong, bodies = [], json.dumps(victim.api.bodies) + str(victim.headers(CONTACTFLOW))
    known = {one for one in markers(victim) if one in bodies}
    secrets = set(victim.secrets.values())
    for name, (theirs, _, path, _) in attacked.items():
        text = theirs.body.decode("utf-8", "replace")
        sent = {one for one in markers(victim) if one in known or one in path}
        leaks = [one for one in markers(victim) if one in text and (one not in sent or one in secrets)]
        own = [one for one in leaks if not (theirs.status >= 400 and one in sent)]
        if own:
            wrong.append(f"{name}: {theirs.status} {own} {text[:200]}")
    assert not wrong, "\n".join(wrong)
    figures.note("operations tried by another workspace", len(attacked) * 2, "nothing seen, nothing changed")


def test_the_weakest_keys_do_nothing(victim: World, figures: Figures) -> None:
    wrong = []
    for weak in sorted(SCOPES):
        made = victim.api.post("/v1/admin/keys", {"name": f"without {weak}", "scopes": sorted(SCOPES - {weak})})
        api = Api(victim.port, made.ok()["key"])
        for surface, row in GUARDED:
            if row.scope == weak:
                reply = send(api, victim, surface, row, path=victim.path(row))
                if reply.status != 403:
                    wrong.append(f"{weak} {row.verbs} {row.path}: {reply.status} {reply.body[:120]!r}")
    assert not wrong, "\n".join(wrong)
    figures.note("operations tried with the weakest keys", len(GUARDED), "all 403")


def test_a_key_that_only_reads_changes_nothing(victim: World) -> None:
    key = victim.api.post("/v1/admin/keys", {"name": "reads", "scopes": ["read"]}).ok()["key"]
    api, before, wrong = Api(victim.port, key), snapshot(victim), []
    for surface, row in GUARDED:
        if row.scope != "read":
            reply = send(api, victim, surface, row, path=victim.path(row))
            if reply.status != 403:
                wrong.append(f"{row.verbs} {row.path}: {reply.status}")
    assert not wrong, "\n".join(wrong)
    after = snapshot(victim)
    changed = [f"{name}: {before[name]} != {after[name]}" for name in before if before[name] != after[name]]
    assert not changed, "\n".join(changed)


def test_the_key_of_another_bot_opens_nothing(victim: World) -> None:
    other = victim.api.post("/v1/admin/bots", {"name": "other"}).ok()["bot"]["id"]
    api = Api(victim.port, victim.api.post(f"/v1/admin/bots/{other}/keys").ok()["token"])
    wrong = []
    for surface, row in GUARDED:
        reply = send(api, victim, surface, row, path=victim.path(row))
        if reply.status < 400:
            wrong.append(f"{row.verbs} {row.path}: {reply.status} {reply.body[:120]!r}")
    assert not wrong, "\n".join(wrong)


def test_another_node_of_the_workspace_sees_nothing_of_it(victim: World) -> None:
    node = victim.api.post("/flow/v1/nodes", {"name": "Other"}).ok()["uuid"]
    api, wrong = Api(victim.port, victim.key, (("Node", node),)), []
    for surface, row in NAMED:
        if surface == CONTACTFLOW and "/nodes/" not in row.path:
            body = victim.body(row) if row.takes is not None else None
            reply = api.call(row.verbs.split(",")[0], victim.path(row), body)
            if reply.status not in (400, 404, 422) and not is_nothing(reply):
                wrong.append(f"{row.verbs} {row.path}: {reply.status} {reply.body[:160]!r}")
    assert not wrong, "\n".join(wrong)


def test_another_user_of_the_workspace_gets_nothing_of_a_users_own(victim: World, figures: Figures) -> None:
    victim.api.post("/v1/user", {"userId": "mallory", "name": "Mallory"})
    owned = ("/v1/automation/{", "/v1/execution/{", "/v1/subscription/{", "/v1/service/{service_id}/token/{")
    wrong, tried = [], 0
    for surface, row in NAMED:
        if row.path.startswith(owned):
            reply = send(victim.api, victim, surface, row, path=victim.path(row), query={"userId": "mallory"})
            tried += 1
            if reply.status not in (403, 404):
                wrong.append(f"{row.verbs} {row.path}: {reply.status} {reply.body[:160]!r}")
    assert not wrong, "\n".join(wrong)
    assert tried > 20
    figures.note("operations on a user's own tried by another user", tried, "all 403 or 404")
