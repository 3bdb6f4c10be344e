"""The commands of docs/AUTOMATIONS.md and of the README, run as they are written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters.http_client import Headers, Request, Response
from chalicelib.core import config
from infra import connector_files
from infra.harness import standin
from tests.api.automations.documents import ROOT, Shell, blocks
from tests.client import Client
from tests.conftest import Clock
from tests.fakes.http_client import FakeHttp

SECTION = "An automation, with curl"
DOCUMENT = "docs/AUTOMATIONS.md"


@pytest.fixture
def shell(
    owner: Client, still: Clock, outside: FakeHttp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Shell]:
    """A shell whose calls reach a workspace that the key `default` opens, and a stand-in at port 9000."""
    object.__setattr__(config.settings(), "egress_allow", frozenset({"127.0.0.1:9000"}))
    keys: Any = config.settings().dev_keys
    monkeypatch.setitem(keys, "default", owner.key)
    for path in ("/pages", "/repos/octo/demo/issues/6/comments"):
        outside.act(f"http://127.0.0.1:9000{path}", answered)
    yield Shell(tmp_path, Client("default"), still)
    object.__setattr__(config.settings(), "egress_allow", frozenset())


def answered(request: Request) -> Response:
    body = request.body if isinstance(request.body, bytes) else str(request.body).encode()
    status, said = standin.answer(request.url.partition(":9000")[2], json.loads(body))
    headers = Headers([("content-type", "application/json")])
    return Response(status, headers, json.dumps(said).encode(), False, 1.0, request.url)


def install(client: Client, monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    def call(self: Any, method: str, path: str, body: Any = None, query: Any = None, accept: Any = ()) -> Any:
        answer = client.send(method, path, body, query={"userId": self.user_id, **(query or {})})
        return None if answer.status in accept else answer.ok()

    monkeypatch.setattr(connector_files._Api, "call", call)
    for name in names:
        connector_files.install("http://localhost", "key", "admin", connector_files.BUILTIN / name)


def test_the_commands_of_the_document_work_as_they_stand(shell: Shell) -> None:
    printed = shell.run("\n".join([*blocks(DOCUMENT, "sh"), 'echo; echo "$A $X $Y $F $R"']))
    assert {sent.answer.status for sent in shell.sent} <= {200, 202}, [
        sent for sent in shell.sent if sent.answer.status > 202
    ]
    automation, *executions = printed.split()[-5:]
    found = [shell.client.get(f"/v1/execution/{one}?userId=ann@example.com").ok() for one in executions]
    assert [one["state"] for one in found] == ["done", "cancelled", "failed", "done"]
    assert [one["output"] for one in found] == [{"total": 120, "booked": 2}, None, None, 4]
    error = found[2]["error"]
    assert (error["step"], error["line"], "inptu" in error["message"]) == ("mean", 2, True)
    listed = shell.client.get(f"/v1/automation/{automation}/execution?userId=ann@example.com").ok()
    assert len(listed) == 5


def test_the_readme_s_automation_runs_and_its_timeline_is_the_one_shown(
    shell: Shell, owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(owner, monkeypatch, "http", "github")
    printed = shell.run("\n".join(blocks("README.md", "sh", SECTION)))
    assert {sent.answer.status for sent in shell.sent} <= {200, 202}
    (shown,) = blocks("README.md", "text", SECTION)
    made = printed[printed.index("execution done after") :]
    assert steady(made) == steady(shown)


def steady(timeline: str) -> list[str]:
    """Leave out of a timeline what differs from run to run: times, and what a server says of itself."""
    lines = [re.sub(r"\d\d:\d\d:\d\d\.\d+|\d+ ms", "", line) for line in timeline.strip().splitlines()]
    lines = [re.sub(r'("status": 201).*', r"\1", line) for line in lines]
    return [re.sub(r" +", " ", line) for line in lines]


def test_the_readme_and_the_demonstration_have_the_same_automation() -> None:
    text = "".join(blocks("README.md", "sh", SECTION))
    body = re.search(r"import\?userId=ada' -d '(.*?)'\n", text, re.DOTALL)
    assert body is not None
    assert json.loads(body[1])["definition"] == json.loads((ROOT / "infra/demo_automation.json").read_text())


def definitions_in(value: Any) -> Iterator[Any]:
    """Find definitions, wherever they stand in a body."""
    if isinstance(value, dict):
        if "steps" in value and isinstance(value["steps"], list) and "type" not in value:
            yield value
        for inner in value.values():
            yield from definitions_in(inner)


def test_every_definition_in_the_documents_is_valid_by_the_published_schema(client: Client) -> None:
    import jsonschema_rs

    validator = jsonschema_rs.validator_for(client.get("/v1/automation/schema").ok(), offline=True)
    texts = [*blocks(DOCUMENT, "sh"), *blocks("README.md", "sh", SECTION)]
    bodies = [body for text in texts for body in re.findall(r"-d '(\{.*?\})'", text, re.DOTALL)]
    found = [one for body in bodies if "steps" in body for one in definitions_in(json.loads(body))]
    assert len(found) == 5
    assert [list(validator.iter_errors(one)) for one in found] == [[]] * 5
