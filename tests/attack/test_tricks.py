"""Tricks with what others open, replay or compile: tables, file names, signatures, schemas, patterns, templates."""

from __future__ import annotations

import base64
import csv
import hashlib
import hmac
import io
import re
import time
import zipfile
from typing import Any

import pytest

from tests.adapters.javascript.hostile import FAILING
from tests.attack.platform import STRANGER, VICTIM, Platform
from tests.attack.sending import Api, Reply
from tests.attack.world import USER, World, until
from tests.journeys import email_step, end_step, joined, step_uuid

FORMULAS = ("=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "=cmd|' /C calc'!A0", '=HYPERLINK("http://x","y")', "＝1")
SLOWEST_MS = 1_000


@pytest.fixture(scope="module")
def world(platform: Platform) -> World:
    return platform.world(VICTIM)


# --- tables ----------------------------------------------------------------------------------------------------------


def cells(text: str) -> list[str]:
    sample = text.splitlines()[0]
    return [cell for row in csv.reader(io.StringIO(text), delimiter=";" if ";" in sample else ",") for cell in row]


def test_no_cell_of_a_report_is_a_formula(world: World) -> None:
    graph = joined(email_step(step_uuid(), campaignName="=1+1"), end_step(step_uuid()))
    made = [
        world.flow.post("/flow/v1/automations", {"name": formula, "status": "RUNNING", **graph})
        for formula in FORMULAS[:4]
    ]
    good = [one.json["uuid"] for one in made if one.status < 400]
    assert good
    for formula in FORMULAS:
        person = {"userPk": formula.strip() or "x", "attributes": {"email": "p@attack.example", "name": formula}}
        world.flow.post(f"/flow/v1/automations/{world.ids['journey']}/customers", person)
    table = world.flow.get("/flow/v1/automations/reports")
    assert table.status == 200
    texts = [table.body.decode("utf-8-sig")]
    anything = world.flow.also(("Accept", "*/*"))
    asked = anything.get("/flow/v1/tokens/reports", automationUuid=world.ids["journey"])
    assert asked.status == 200
    with zipfile.ZipFile(io.BytesIO(asked.body)) as archive:
        for one in archive.infolist():
            assert not one.filename.startswith(("/", "..")) and ".." not in one.filename
            texts.append(archive.read(one).decode("utf-8-sig"))
    found = [cell for text in texts for cell in cells(text) if cell.startswith(tuple("=+-@\t\r＝"))]
    assert [cell for cell in found if not cell.lstrip("-").replace(".", "").isdigit()] == []
    assert any("SUM(A1)" in text for text in texts)


# --- file names ------------------------------------------------------------------------------------------------------

NAMES = (
    "../../etc/passwd", "..\\..\\x.exe", 'a".html', "a;filename=evil.exe", "a\u202egpj.exe", "CON", "a" * 200 + ".svg",
    "a.html", "a.svg", "a.xhtml", "a.js", "a%0d%0aSet-Cookie: x=1", "\u00fc.html", "a.png.html", ".htaccess", "a'b",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_files_name_is_only_a_name(world: World, name: str) -> None:
    contents = base64.b64encode(b"<script>alert(1)</script>").decode()
    body = {"botId": world.ids["bot"], "contents": contents, "name": name, "accessType": "public"}
    made = world.api.post("/v1/storage/files", body)
    if made.status >= 400:
        assert made.status == 400
        return
    shown = Api(world.port, None).get(f"/v1/storage/public/{made.ok()['file']['id']}")
    assert shown.status == 200
    disposition = shown.headers["content-disposition"]
    assert len(re.findall(r"filename\*?=", disposition)) == 1
    assert not set('"\\/\r\n;') & set(disposition.partition("''")[2])
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in shown.headers
    runs = shown.headers["content-type"].split(";")[0] in ("text/html", "image/svg+xml", "application/xhtml+xml")
    assert not runs or disposition.startswith("attachment")


# --- replays and forgeries -------------------------------------------------------------------------------------------


def test_a_notification_sent_again_is_delivered_once(platform: Platform, world: World) -> None:
    path = f"{platform.outside.url}/replayed"
    below = f"/v1/service/{world.ids['service']}/trigger/fired/subscription"
    world.api.post(below, {"url": path, "variables": {}}, userId=USER).ok()
    outside = Api(world.port, None, (("Idempotency-Key", "replayed-1"),))
    for _ in range(20):
        outside.post(f"/v1/hook/{world.ids['hook']}", {"fired": True}).ok()
    until(lambda: platform.outside.at("/replayed"), "the delivery")
    time.sleep(1)
    assert len({one.headers["webhook-id"] for one in platform.outside.at("/replayed")}) == 1


def test_forged_notifications_of_github_are_refused(world: World) -> None:
    api = world.api
    variables = api.get("/v1/service/github/variable").ok()
    variable = next(one["id"] for one in variables if one["name"] == "webhookSecret")
    secret = world.secret("GitHub's webhook secret")
    api.put(f"/v1/service/github/variable/{variable}/value", {"value": secret}).ok()
    hook = api.get("/v1/service/github/webhookSetting", userId=USER).ok()["url"].partition("/v1/")[2]
    body = b'{"action":"opened","issue":{"id":1,"number":1}}'
    right = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    other = hmac.new(b"other", body, hashlib.sha256).hexdigest()
    forged = ["", "sha256=", f"sha256={other}", f"sha1={right[:40]}", right[:-1], f"sha256={right[:-1]}", "sha256=" * 9]
    forged += [f"sha256={right},sha256={other}", f"sha512={right}", f"sha256={right}0", "\xff\xfe"]
    for number, signature in enumerate(forged):
        headers = (
            ("X-Hub-Signature-256", signature),
            ("X-GitHub-Event", "issues"),
            ("X-GitHub-Delivery", f"f{number}"),
        )
        reply = Api(world.port, None, headers).call("POST", f"/v1/{hook}", raw=body)
        assert 400 <= reply.status < 500, (signature, reply)
    headers = (("X-Hub-Signature-256", f"sha256={right}"), ("X-GitHub-Event", "issues"), ("X-GitHub-Delivery", "right"))
    assert Api(world.port, None, headers).call("POST", f"/v1/{hook}", raw=body).status < 300
    changed = Api(world.port, None, headers).call("POST", f"/v1/{hook}", raw=body.replace(b"opened", b"closed"))
    assert 400 <= changed.status < 500


def test_forged_callbacks_marks_and_states_lead_nowhere(world: World) -> None:
    nobody = Api(world.port, None)
    callback = world.flow.get("/flow/v1/feedbacks").ok()["callbackUrl"].partition("/flow/")[2]
    body = {"id": "e1", "event": "open", "recipient": "p@attack.example"}
    signatures: list[tuple[tuple[str, str], ...]] = [
        (),
        (("webhook-id", "1"), ("webhook-timestamp", str(int(time.time()))), ("webhook-signature", "v1,AAAA")),
        (("webhook-id", "1"), ("webhook-timestamp", "0"), ("webhook-signature", "v1,")),
        (("X-Signature", "0" * 64),),
    ]
    for headers in signatures:
        assert 400 <= nobody.call("POST", f"/flow/{callback}", body, headers=headers).status < 500
    for mark in ("", "AAAA", "a.b.c", "." * 50, "x" * 3_000):
        for path in ("/flow/v1/marks", "/flow/v1/files"):
            assert 400 <= nobody.get(path, mark=mark, token=mark, m=mark, t=mark).status < 500
        assert 400 <= nobody.get("/v1/oauth/callback", state=mark, code="c").status < 500


# --- schemas, patterns, templates ------------------------------------------------------------------------------------


def _laughs() -> dict[str, Any]:
    """References that unfold to 2^60 schemas."""
    made: dict[str, Any] = {"a0": {"type": "string"}}
    for number in range(60):
        made[f"a{number + 1}"] = {"allOf": [{"$ref": f"#/$defs/a{number}"}, {"$ref": f"#/$defs/a{number}"}]}
    return {"$defs": made, "$ref": "#/$defs/a60"}


def _deep(levels: int) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "string"}
    for _ in range(levels):
        made = {"type": "object", "properties": {"a": made}}
    return made


SCHEMAS: dict[str, Any] = {
    "references that unfold": _laughs(),
    "a reference to itself": {"$ref": "#"},
    "two that go round": {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"},
    "from elsewhere": {"$ref": "http://127.0.0.1:1/schema.json"},
    "from a file": {"$ref": "file:///etc/passwd"},
    "30 deep": _deep(30),
    "a catastrophic pattern": {"type": "string", "pattern": "^(a+)+$"},
    "a catastrophic pattern with groups": {"type": "string", "pattern": "^(([a-z])+.)+[A-Z]([a-z])+$"},
    "backreferences": {"type": "string", "pattern": "^(.*?,){25}x\\1$"},
    "a look behind": {"type": "string", "pattern": "(?<=(a+)+)b"},
    "repeats of repeats": {"type": "string", "pattern": "((a{1,1000}){1,1000}){1,1000}"},
    "all of Unicode": {"type": "string", "pattern": "(\\p{L}\\p{N}*){1,800}"},
    "names by a bad pattern": {"patternProperties": {"^(a+)+$": {"pattern": "^(a|aa)+$"}}},
    "10,000 choices": {"enum": [f"choice{number}" for number in range(10_000)]},
    "5,000 ways": {"oneOf": [{"const": number} for number in range(5_000)]},
    "not not not": {"not": {"not": {"not": {"not": {"$ref": "#"}}}}},
    "unevaluated": {"allOf": [{"unevaluatedProperties": False}] * 500},
    "contains": {"contains": {"contains": {"contains": {}}}, "minContains": 1e308},
    "a length beyond all": {"minLength": 1e308, "maxItems": -1},
    "a type that is none": {"type": "nothing"},
    "an own dialect": {"$schema": "http://127.0.0.1:1/dialect", "type": "string"},
    "dynamic": {"$dynamicAnchor": "a", "$dynamicRef": "#a"},
    "__id__": {"$id": "http://127.0.0.1:1/", "properties": {"a": {"$ref": "b"}}},
}
VALUES = ("a" * 40 + "!", {"a" * 40 + "!": "a" * 40 + "!"}, ["a" * 30] * 300)


def _places(world: World, schema: Any) -> list[tuple[str, Reply]]:
    """Put a schema wherever one is taken, and hold values to it."""
    api, below = world.api, f"/v1/service/{world.ids['service']}/action"
    name = f"schema{time.monotonic_ns()}"
    fields = [{"title": "a", **schema}] if isinstance(schema, dict) else []
    made = api.post(
        below, {"name": name, "schema": {"variables": fields}, "logic": {"execute": "return 1"}}, userId=USER
    )
    said = [("action", made)]
    if made.status < 400:
        path = f"{below}/{made.ok()['id']}/execute"
        said += [("action's input", api.post(path, {"a": value}, userId=USER)) for value in VALUES]
        api.call("DELETE", f"{below}/{made.ok()['id']}", userId=USER)
    bot = f"/v1/admin/bots/{world.ids['bot']}"
    event = api.call("PUT", bot, {"events": {"bomb": {"schema": schema}}})
    said.append(("bot's event", event))
    if event.status < 400:
        inside = api.also(("x-bot-id", world.ids["bot"]))
        for value in VALUES:
            payload = value if isinstance(value, dict) else {"a": value}
            said.append(("event's payload", inside.post("/v1/chat/events", {"type": "bomb", "payload": payload})))
    said.append(
        ("bot's configuration", api.call("PUT", bot, {"configuration": {"schema": schema, "data": {"a": "b"}}}))
    )
    said.append(("bot's state", api.call("PUT", bot, {"states": {"bomb": {"type": "bot", "schema": schema}}})))
    document = {
        "openapi": "3.1.0", "info": {"title": name, "version": "1"}, "servers": [{"url": "https://a.example"}],
        "paths": {"/a": {"post": {
            "operationId": "a", "requestBody": {"content": {"application/json": {"schema": schema}}},
            "responses": {"200": {"description": "a"}},
        }}},
    }  # fmt: skip
    said.append(("import", api.post("/v1/service/import", {"name": name, "document": document}, userId=USER)))
    api.call("PUT", bot, {"events": {"bomb": None}, "states": {"bomb": None}, "configuration": {"schema": {}}})
    return said


@pytest.mark.parametrize("what", SCHEMAS)
def test_a_schema_costs_nobody_anything(world: World, what: str) -> None:
    for place, reply in _places(world, SCHEMAS[what]):
        assert reply.status < 500 or reply.status == 502, (place, reply)
        assert reply.ms < 3 * SLOWEST_MS, (place, reply.ms)
    assert world.api.get("/v1/service").status == 200


TEMPLATES = {
    "nested loops": "{{#each a}}" * 8 + "x" * 100 + "{{/each}}" * 8,
    "10,000 blocks": "{{#if a}}" * 10_000 + "{{/if}}" * 10_000,
    "a way to the prototype": "{{constructor.constructor 'return process'}}",
    "the prototype's own": "{{__proto__.polluted}}{{lookup this 'constructor'}}",
    "open for ever": "{{" * 5_000,
    "large repeats": "{{#repeat 1000000000}}x{{/repeat}}",
}


@pytest.mark.parametrize("what", TEMPLATES)
def test_a_template_costs_nobody_anything(world: World, what: str) -> None:
    api = world.api
    group = api.get("/v1/notification-groups").ok()["data"][0]["_id"]
    step = {"template": {"type": "in_app", "content": TEMPLATES[what]}}
    body = {"name": f"t{time.monotonic_ns()}", "notificationGroupId": group, "active": True, "steps": [step]}
    made = api.post("/v1/workflows", body)
    assert made.status < 500
    assert made.ms < 3 * SLOWEST_MS
    if made.status < 400:
        trigger = made.json["data"]["triggers"][0]["identifier"]
        api.post("/v1/events/trigger", {"name": trigger, "to": "ann", "payload": {"a": list(range(100))}})
    assert api.get("/v1/subscribers/ann").status == 200


def test_hostile_scripts_end_clearly_over_the_api(world: World, platform: Platform, every: int) -> None:
    quick = [(name, code) for name, (kinds, code) in FAILING.items() if "timeout" not in kinds]
    below, wrong = f"/v1/service/{world.ids['service']}/action", []
    made = world.api.post(below, {"name": "hostile", "logic": {"execute": "return 1"}}, userId=USER).ok()["id"]
    assert len(quick) >= 40
    for name, code in quick[::every]:
        changed = world.api.call("PUT", f"{below}/{made}", {"logic": {"execute": code}}, userId=USER)
        if changed.status >= 400:
            continue
        reply = world.api.post(f"{below}/{made}/execute", {}, userId=USER)
        if not 400 <= reply.status < 500:
            wrong.append(f"{name}: {reply.status} {reply.body[:160]!r}")
    assert not wrong, "\n".join(wrong)
    assert platform.strange_dials() == []
    assert platform.api(STRANGER).get("/v1/service").status == 200
