"""Tricks with what others open or compile: tables, file names, headers, schemas, patterns, templates."""

from __future__ import annotations

import base64
import csv
import io
import re
import time
import zipfile
from typing import Any

import pytest

from tests.attack.figures import Figures
from tests.attack.platform import VICTIM, Platform
from tests.attack.sending import Api, Reply
from tests.attack.world import USER, World, until
from tests.journeys import email_step, end_step, joined, step_uuid

FORMULAS = ("=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "=cmd|' /C calc'!A0", '=HYPERLINK("http://x","y")', "＝1")
SLOWEST_MS = 1_000
BOMB_MS = 6_000  # what a check may cost is bounded; the machine may be busy


@pytest.fixture(scope="module")
def world(platform: Platform) -> World:
    return platform.world(VICTIM)


# --- tables ----------------------------------------------------------------------------------------------------------


def cells(text: str) -> list[str]:
    sample = text.splitlines()[0]
    return [cell for row in csv.reader(io.StringIO(text), delimiter=";" if ";" in sample else ",") for cell in row]


def test_no_cell_of_a_report_is_a_formula(world: World, figures: Figures) -> None:
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
    figures.note(
        "formulas planted in reports", len(FORMULAS), f"in {sum(map(len, map(cells, texts)))} cells none is one"
    )


# --- file names ------------------------------------------------------------------------------------------------------

NAMES = (
    "../../etc/passwd", "..\\..\\x.exe", 'a".html', "a;filename=evil.exe", "a\u202egpj.exe", "CON", "a" * 200 + ".svg",
    "a.html", "a.svg", "a.xhtml", "a.js", "a%0d%0aSet-Cookie: x=1", "\u00fc.html", "a.png.html", ".htaccess", "a'b",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_files_name_is_only_a_name(world: World, name: str, figures: Figures) -> None:
    figures.note("tricks with names of files", 1, "none runs in a browser, none leaves its folder")
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


# --- headers ---------------------------------------------------------------------------------------------------------

OWN_HEADERS = {
    "Host": "evil.example", "Content-Length": "1", "Transfer-Encoding": "chunked", "Connection": "x-forged",
    "webhook-id": "forged", "webhook-timestamp": "1", "webhook-signature": "v1,forged", "Proxy-Authorization": "forged",
    "X-Flow-Signature": "forged", "Idempotency-Key": "a\r\nX-Forged: 1", "X-Line": "a\nX-Forged: 1", "X-Nul": "a\0b",
    "X-Forged: 1\r\nX-Other": "1", "X Space": "1", "": "1", "X-Long": "x" * 100_000,
    "Trailer": "X-Forged", "TE": "chunked",
    "Upgrade": "h2c", "Expect": "100-continue", "X-Return": "a\rX-Forged: 1", "X-Folded": "a\r\n X-Forged: 1",
}  # fmt: skip


def _by_script(world: World, url: str, name: str, value: str) -> Reply:
    code = "return (await $.axios({url: input.data.url, method: 'post', data: {}, headers: input.data.headers})).status"
    below = f"/v1/service/{world.ids['service']}/action"
    if "headersAction" not in world.ids:
        body = {"name": "headers", "logic": {"execute": code}}
        world.ids["headersAction"] = world.api.post(below, body, userId=USER).ok()["id"]
    given = {"url": url, "headers": {name: value}}
    return world.api.post(f"{below}/{world.ids['headersAction']}/execute", given, userId=USER)


def _by_automation(world: World, url: str, name: str, value: str) -> Reply:
    step = {"id": "call", "type": "http", "method": "POST", "url": url, "body": {}, "headers": {name: value}}
    body = {"name": f"headers{time.monotonic_ns()}", "definition": {"steps": [step]}}
    made = world.api.post("/v1/automation/import", body, userId=USER)
    if made.status >= 400:
        return made
    path = f"/v1/automation/{made.json['id']}/version/{made.json['versionId']}"
    world.api.post(f"{path}/publish", userId=USER).ok()
    return world.api.post(f"{path}/execute", {"input": {}}, userId=USER)


def _by_journey(world: World, url: str, name: str, value: str) -> Reply:
    parameters = {"url": url, "headers": {name: value}}
    step = {"uuid": step_uuid(), "type": "ACTION", "operation": "WEBHOOK", "parameters": parameters}
    body = {"name": f"headers{time.monotonic_ns()}", "status": "RUNNING", **joined(step, end_step(step_uuid()))}
    made = world.flow.post("/flow/v1/automations", body)
    if made.status < 400:
        person = {"userPk": "headers", "attributes": {"email": "p@attack.example"}}
        world.flow.post(f"/flow/v1/automations/{made.json['uuid']}/customers", person).ok()
    return made


@pytest.mark.parametrize("send", [_by_script, _by_automation, _by_journey])
def test_headers_of_ones_own_change_no_message(platform: Platform, world: World, send: Any, figures: Figures) -> None:
    path = f"/headers{send.__name__}"
    url = platform.outside.url + path
    sent = [send(world, url, name, value) for name, value in OWN_HEADERS.items()]
    send(world, url, "X-Plain", "plain").ok()
    until(lambda: any(one.headers.get("x-plain") == "plain" for one in platform.outside.at(path)), "the plain one")
    assert [reply for reply in sent if reply.status >= 500 and reply.status not in (502, 504)] == []
    for one in platform.outside.at(path):
        assert one.headers["host"] == f"127.0.0.1:{platform.outside.server_port}"
        assert not {"x-forged", "x-other", "transfer-encoding", "upgrade", "trailer"} & one.headers.keys()
        assert one.body in (b"{}", b"") or one.headers["content-length"] == str(len(one.body))
        if "x-flow-timestamp" in one.headers:  # signed by the platform: what it signs is its own
            assert "forged" not in {one.headers[name] for name in ("webhook-id", "x-flow-signature")}
            assert one.headers["webhook-signature"] != "v1,forged"
    figures.note("headers of callers' own that forge a message", len(OWN_HEADERS), "refused, or replaced by ours")


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
def test_a_schema_costs_nobody_anything(world: World, what: str, every: int, figures: Figures) -> None:
    if every > 1 and list(SCHEMAS).index(what) % 4:
        pytest.skip("tried in a whole run only")
    said = _places(world, SCHEMAS[what])
    figures.note("JSON Schema and pattern bombs", len(said), "no 5xx, each under 6 s")
    for place, reply in said:
        assert reply.status < 500 or reply.status == 502, (place, reply)
        assert reply.ms < BOMB_MS, (place, reply.ms)
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
