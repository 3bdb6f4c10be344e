"""Planted secrets are used, and then found nowhere: not in an answer, the log, the database, its journal or a blob."""

from __future__ import annotations

import base64
import json

import pytest

import app as _app  # noqa: F401 registers every row
from chalicelib.edge.auth import PUBLIC
from chalicelib.edge.route import ROWS
from tests.attack import places
from tests.attack.figures import Figures
from tests.attack.platform import VICTIM, Platform
from tests.attack.sending import Api
from tests.attack.world import USER, World, until

# What a surface shows to a key of its own workspace, because its contract has it: secret -> paths of rows.
SHOWN = {
    "apiKey of an integration": ("/v1/integrations", "/v1/integrations/active"),
    "secretKey of an integration": ("/v1/integrations", "/v1/integrations/active"),
    "webhookUrl of a subscriber": ("/v1/subscribers", "/v1/subscribers/{subscriber_id}"),
    "configuration of a bot": ("/v1/admin/bots/{id}",),
    "configuration of an installed integration": ("/v1/admin/bots/{id}",),
    "signing secret of a bot": ("/v1/admin/bots/{id}",),
    "signingSecret of a setting": ("/flow/v1/feedbacks",),  # by which providers sign; asks for the scope write
    "secret of a subscription": ("/v1/subscription/{subscription_id}/secret",),
}
# An address of a person, not a credential of the workspace: readable by design, in the store too.
READABLE_AT_REST = {"webhookUrl of a subscriber"}
QUERY = {"userId": USER, "contributor_id": USER, "version": "minor"}


@pytest.fixture(scope="module")
def used(platform: Platform) -> World:
    """Use every secret: call with it, fail with it, write it to a script's log, throw it."""
    world = platform.world(VICTIM)
    api, below = world.api, f"/v1/service/{world.ids['service']}/action"
    world.secrets["key of an API key"] = api.post("/v1/admin/keys", {"name": "used"}).ok()["key"]
    Api(world.port, world.secrets["key of an API key"]).get("/v1/service").ok()
    secret = api.get(f"/v1/subscription/{world.ids['subscription']}/secret", userId=USER).ok()
    world.secrets["secret of a subscription"] = secret.get("secret") or secret["secrets"][0]
    codes = {
        "uses": "return (await $.axios({url: input.data.url, headers: {authorization: service.token.key}})).status",
        "logs": "console.log(service.token, service.vars); return 1",
        "throws": "throw new Error(JSON.stringify([service.token, service.vars]))",
        "rejects": "await $.axios({url: input.data.url + '/' + service.token.key}); return Promise.reject(service)",
    }
    for name, code in codes.items():
        made = api.post(below, {"name": name, "logic": {"execute": code}}, userId=USER).ok()["id"]
        given = {"url": f"{platform.outside.url}/used"}
        path = f"{below}/{made}/execute"
        said = api.post(path, given, userId=USER, userCredentialId=world.ids["token"])
        assert not leaks(world, said.body), (name, said)
    step = {"id": "act", "type": "action", "service": world.ids["service"], "action": "throws", "input": {}}
    body = {"name": "uses", "definition": {"steps": [step]}}
    made = api.post("/v1/automation/import", body, userId=USER).ok()
    path = f"/v1/automation/{made['id']}/version/{made['versionId']}"
    api.post(f"{path}/publish", userId=USER).ok()
    said = api.post(f"{path}/execute", {"input": {}}, userId=USER)
    assert b"***" in said.body
    assert not leaks(world, said.body), said
    places.token_endpoint(world, f"{platform.outside.url}/token")
    for kind in ("bots", "integrations"):
        api.post(f"/v1/admin/{kind}/{world.ids[kind.removesuffix('s')]}/ping")
    inside = api.also(("x-bot-id", world.ids["bot"]))
    inside.post("/v1/chat/actions", {"type": f"{world.ids['integrationName']}:greet", "input": {}})
    mail = {"modelIdentifier": 7, "senderEmail": "a@attack.example", "subject": "s", "textContent": "t"}
    world.flow.post("/flow/v1/external-contents/email-tests", {**mail, "email": "p@attack.example"})
    world.flow.get("/flow/v1/profiles", userPk="ann")
    api.post(f"/v1/hook/{world.ids['hook']}", {"fired": True})
    until(lambda: platform.outside.at("/subscription"), "the delivery")
    return world


def leaks(world: World, raw: bytes, *, at_rest: bool = False) -> list[str]:
    """Name the secrets that stand in some bytes, as they are or in base64."""
    found = []
    for what, secret in world.secrets.items():
        plain = secret.encode()
        spelled = {plain, *(base64.b64encode(b"x" * shift + plain)[4:-8] for shift in range(3))}
        if any(one in raw for one in spelled if len(one) > 16) and not (at_rest and what in READABLE_AT_REST):
            found.append(what)
    return found


def test_enough_was_planted_and_used(platform: Platform, used: World) -> None:
    assert len(used.secrets) >= 14
    sent = b"".join(one.body + json.dumps(one.headers).encode() for one in platform.outside.asked)
    seen = leaks(used, sent)
    assert {"key of a token", "token of a setting", "clientSecret of OAuth", "configuration of a bot"} <= set(seen)


def test_no_answer_holds_one(used: World) -> None:
    wrong = []
    weak = used.api.post("/v1/admin/keys", {"name": "reads", "scopes": ["read"]}).ok()["key"]
    for key in (used.key, weak):
        for surface, row in ROWS:
            if row.scope != PUBLIC and row.verbs == "GET":
                reply = Api(used.port, key).call("GET", used.path(row), headers=used.headers(surface, row), **QUERY)
                found = [one for one in leaks(used, reply.body) if row.path not in SHOWN.get(one, ())]
                wrong += [f"{row.path}: {one}" for one in found]
    assert not wrong, "\n".join(wrong)


def test_the_log_holds_none(platform: Platform, used: World) -> None:
    assert leaks(used, platform.stack.log.read_bytes()) == []


def test_nothing_at_rest_holds_one(platform: Platform, used: World, figures: Figures) -> None:
    files = [one for one in platform.data.rglob("*") if one.is_file()]
    assert any(one.name == "millrace.db" for one in files)
    found = {str(one.relative_to(platform.data)): leaks(used, one.read_bytes(), at_rest=True) for one in files}
    assert {name: what for name, what in found.items() if what} == {}
    assert USER.encode() in b"".join(one.read_bytes() for one in files)  # the files are those that are written
    figures.note("planted secrets searched for", len(used.secrets), f"0 in answers, log and {len(files)} files")
