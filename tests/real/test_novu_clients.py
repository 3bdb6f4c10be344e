"""The published clients of the notification surface, unmodified, against a running platform."""

# ruff: noqa: E501

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from aiosmtpd.controller import Controller

from chalicelib.channels.templates import render
from infra.harness.stack import Stack, free_port
from tests.real import packages

HERE = Path(__file__).parent / "novu"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with Stack(tmp_path_factory.mktemp("novu"), MILLRACE_DEV_KEYS="default=default,mail=mail") as stack:
        yield stack.url


@pytest.fixture(scope="module")
def node() -> Path:
    """Install the clients."""
    return packages.install("novu", "*.js")


def outcome(command: list[str], folder: Path) -> list[list[Any]]:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return list(json.loads(done.stdout.strip().splitlines()[-1]))


@pytest.mark.parametrize(("script", "calls"), [("node_client.js", 78), ("api_client.js", 41)])
def test_a_node_client_works(url: str, node: Path, script: str, calls: int) -> None:
    log = outcome(["node", script, url], node)
    assert [entry for entry in log if entry[1] != "ok"] == []
    assert len(log) == calls


def test_the_python_client_works(url: str) -> None:
    log = outcome([sys.executable, str(HERE / "python_client.py"), url], HERE)
    assert [entry for entry in log if entry[1] != "ok"] == []
    assert len(log) > 65


def documented(folder: Path) -> dict[str, set[str]]:
    """List the calls that the clients' own pages describe."""
    call = re.compile(r"\bnovu\.((?:[A-Za-z]+\.)*[A-Za-z]+)\(")
    pages = folder / "node_modules" / "@novu"
    api = "".join(page.read_text() for page in sorted((pages / "api" / "docs" / "sdks").rglob("README.md")))
    return {"node": set(call.findall((pages / "node" / "README.md").read_text())), "api": set(call.findall(api))}


@pytest.mark.parametrize("client", ["node", "api"])
def test_every_documented_call_is_made_or_known_to_be_outside(node: Path, client: str) -> None:
    made = set(re.findall(r"\bnovu\.((?:[A-Za-z]+\.)*[A-Za-z]+)\(", (HERE / f"{client}_client.js").read_text()))
    made |= set(re.findall(r"t\('((?:authentication)\.[A-Za-z]+)'", (HERE / f"{client}_client.js").read_text()))
    outside = set(re.findall(rf"'{client} ([A-Za-z.]+)':", (HERE / "outside.js").read_text()))
    found = {one.removeprefix("subscribers.") if "authentication" in one else one for one in documented(node)[client]}
    assert found - made == outside
    assert len(made) > 30


def test_what_is_outside_the_operations_is_refused(url: str, node: Path) -> None:
    done = subprocess.run(["node", "outside.js", url], cwd=node, capture_output=True, text=True, timeout=60, check=True)
    found = json.loads(done.stdout)
    refused = {name: answer for name, answer in found.items() if answer in (404, 405) or "SDKValidation" in str(answer)}
    assert refused == found


def test_templates_print_what_handlebars_prints(node: Path) -> None:
    data = {"a": "<&\"'`=>", "n": 0, "l": [{"x": 1}, {"x": 2, "y": [True, None, 1.5]}], "o": {"k": "v", "d": {"e": 1}}}
    templates = [
        "{{a}} {{{a}}} {{&a}} {{n}} {{missing}} {{o.k}} {{o.d.e}} {{l.length}} {{l.[1].x}} {{l.1.x}}",
        "{{#if n}}a{{else if a}}b{{else}}c{{/if}} {{#unless n}}u{{/unless}} {{#if l}}L{{/if}}",
        "{{#each l}}{{@index}}{{@first}}{{@last}}{{x}}{{#each y}}[{{this}}{{../x}}]{{/each}}{{else}}E{{/each}}",
        "{{#each o}}{{@key}}={{this}};{{/each}} {{#with o.d}}{{e}}{{../n}}{{/with}}",
        "{{#o}}{{k}}{{/o}} {{^missing}}i{{/missing}} {{#l}}{{x}}{{/l}} {{#a}}t{{/a}}",
        "a\n  {{#if a}}\n  b\n  {{else}}\n c\n  {{/if}}\nd\n{{! gone }}\ne",
        "x {{~a~}} y {{~#if a~}} z {{~/if~}} w",
        "{{#each l as |one i|}}{{i}}:{{one.x}} {{/each}}{{lookup l 1}} {{lookup (lookup l 0) 'x'}}",
        "\\\\{{a}} {{!-- {{x}} --}}{{#if (lookup o 'k')}}yes{{/if}} {{o}} {{l.1.y}}",
        '{{this.a}} {{./n}} {{@root.o.k}} {{#each l}}{{@root.n}}{{/each}} {{true}} {{"a"}}',
        "{{constructor}}{{__proto__}}{{o.constructor}}{{lookup o '__proto__'}}{{o.__proto__.toString}}{{a.constructor}}|",
        "{{#with __proto__}}p{{else}}none{{/with}}{{#each o.__proto__}}x{{else}}none{{/each}}{{@root.constructor}}",
        "{{#if n includeZero=true}}Z{{/if}}{{foo.bar.baz}}{{o.k.b.c}}{{../n}}{{#each l}}{{../../n}}{{@index}}{{/each}}",
        "{{-5}} {{1.50}} {{'a\"b'}} {{\"it's\"}} {{[a]}} {{o.[k]}} {{#each l}}{{@key}}{{/each}}",
        "{{#if (lookup l 5)}}x{{else}}y{{/if}} {{#unless missing}}u{{else}}v{{/unless}} {{#with missing}}a{{else}}b{{/with}}",
        "{{#each o as |v k|}}{{k}}:{{v}} {{/each}}{{#each l}}{{#if y}}{{#each y}}{{this}},{{/each}}{{else if x}}{{x}};{{/if}}{{/each}}",
        "  {{#each l}}  \n  {{x}}\n  {{/each}}  \n{{^missing}}\n\nno\n{{/missing}}\n end",
        "{{#if a}}{{#if n}}1{{else}}{{#if l}}2{{/if}}{{/if}}{{/if}}",
    ]
    script = "const h=require('handlebars');const [t,d]=JSON.parse(process.argv[1]);"
    script += "console.log(JSON.stringify(t.map(x=>h.compile(x)(d))))"
    command = ["node", "-e", script, json.dumps([templates, data])]
    done = subprocess.run(command, cwd=node, capture_output=True, text=True, check=True, timeout=30)
    assert [render(one, data) for one in templates] == json.loads(done.stdout)


def test_a_hundred_triggers_at_once_are_one_mail(url: str) -> None:
    class Mailbox:
        mails: list[bytes] = []  # noqa: RUF012

        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
            self.mails.append(envelope.content)
            came.set()
            return "250 OK"

    came, port = threading.Event(), free_port()
    server = Controller(Mailbox(), hostname="127.0.0.1", port=port)
    server.start()
    try:
        ask = requests.Session()
        ask.headers["Authorization"] = "ApiKey mail"
        group = ask.get(f"{url}/v1/notification-groups").json()["data"][0]["_id"]
        account = {"host": "127.0.0.1", "port": str(port), "from": "shop@example.com"}
        body = {"providerId": "nodemailer", "channel": "email", "active": True, "check": False, "credentials": account}
        assert ask.post(f"{url}/v1/integrations", json=body).status_code == 201
        steps = [
            {"template": {"type": "digest"}, "metadata": {"type": "regular", "amount": 8, "unit": "seconds"}},
            {"template": {"type": "email", "subject": "{{step.total_count}} news", "content": "x"}},
        ]
        flow = {"name": "news", "notificationGroupId": group, "active": True, "steps": steps}
        assert ask.post(f"{url}/v1/workflows", json=flow).status_code == 201
        to = {"subscriberId": "ann", "email": "ann@example.com"}
        threads = [
            threading.Thread(
                target=requests.post,
                args=(f"{url}/v1/events/trigger",),
                kwargs={
                    "json": {"name": "news", "to": to, "payload": {"n": number}},
                    "headers": {"Authorization": "ApiKey mail"},
                },
            )
            for number in range(100)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert came.wait(40)
        assert b"Subject: 100 news" in Mailbox.mails[0]
        came.clear()
        assert not came.wait(5)  # and no other
    finally:
        server.stop()
