"""docs/JOURNEYS.md, run as it stands there, against the app in this process and a real SMTP server."""

from __future__ import annotations

import email
import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from chalicelib.core import config
from chalicelib.edge.failures import CONTACTFLOW
from chalicelib.edge.route import ROWS
from infra.harness.stack import free_port
from tests.api.automations.documents import ROOT, Shell, blocks
from tests.client import Answer, Client
from tests.conftest import Clock
from tests.journeys import operations, plain
from tests.queues import drain

DOCUMENT = "docs/JOURNEYS.md"
SECTION = "A welcome journey, with curl"


def pump() -> None:
    """Let the workers do everything that is to be done now."""
    from chalicelib.journeys import queues, workers

    handlers = {
        queues.STEP: workers.journeys_step,
        queues.EVENT: workers.journeys_event,
        queues.JOB: workers.journeys_job,
        queues.LIFECYCLE: workers.journeys_lifecycle,
    }
    while sum(drain(name, handler) for name, handler in handlers.items()):
        pass


def bring_due(begin_ms: int, end_ms: int) -> None:
    """Bring the messages whose delay is over; the emulated queue knows no other clock than its own."""
    from chalicelib.adapters import queue
    from chalicelib.durable import due
    from chalicelib.journeys import queues
    from chalicelib.journeys.models import tokens
    from chalicelib.storage.tables import JOURNEYS

    for minute in range(begin_ms // due.MINUTE_MS, end_ms // due.MINUTE_MS + 1):
        for shard in range(due.SHARDS):
            for row in JOURNEYS.query(due.bucket(tokens.DUE, minute, shard), index="due").rows:
                if due.entry(row).due_ms <= end_ms:
                    queue.send(queues.STEP, tokens.message(row["pk"], row["sk"]))


class FlowShell(Shell):
    """One bash whose workers are those of journeys."""

    def _serve(self) -> bool:
        command, *arguments = json.loads(self._asked.read_text())
        said = ""
        if command == "curl":
            said = self._curl(arguments)
            body = self.sent[-1].answer.body
            said = body if isinstance(body, str) else said
        elif command == "sleep":
            began_ms = self.clock.at_ms
            self.clock.advance_s(float(arguments[0]))
            bring_due(began_ms, self.clock.at_ms)
        pump()
        self._told.write_text(said)
        return bool(command != "end")


class Curl(Client):
    """Sends what curl sends by itself."""

    def send(self, method: str, path: str, body: Any = None, **more: Any) -> Answer:
        """Send a request."""
        return super().send(method, path, body, **{**more, "headers": {"accept": "*/*", **more["headers"]}})


class Mailbox:
    """Keeps whom it was sent to, and what the subject was."""

    def __init__(self) -> None:
        self.got: list[tuple[str, str]] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        message = email.message_from_bytes(envelope.content)
        self.got.append((envelope.rcpt_tos[0], str(message["subject"])))
        return "250 OK"


@pytest.fixture
def mailbox(monkeypatch: pytest.MonkeyPatch, cloud: None) -> Iterator[tuple[Mailbox, int]]:
    box, port = Mailbox(), free_port()
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    monkeypatch.setenv("MILLRACE_EGRESS_ALLOW", "127.0.0.1:*")
    config.forget()
    yield box, port
    server.stop()


def test_the_welcome_journey_is_as_the_document_says(
    mailbox: tuple[Mailbox, int], still: Clock, no_delays: None, tmp_path: Path
) -> None:
    box, port = mailbox
    shell = FlowShell(tmp_path, Curl("default"), still)
    script = "\n".join(blocks(DOCUMENT, "sh", SECTION)).replace("127.0.0.1:2525", f"127.0.0.1:{port}")
    script = script.replace("> feedbacks.csv", f"> {tmp_path}/feedbacks.csv").replace(
        "cat feed", f"cat {tmp_path}/feed"
    )
    script = script.replace("> automations-monitor.zip", f"> {tmp_path}/monitor.zip")
    shell.run(script)
    assert [one for one in shell.sent if one.answer.status >= 300] == []
    people = ("Ada", "Ann", "Bob", "Cyd", "Dan")
    assert sorted(subject for _, subject in box.got) == [f"Welcome, {name}" for name in people]
    said = {one.path.removeprefix("/flow/v1"): one.answer.body for one in shell.sent}
    feedback = {one["uuid"][-1]: one["feedbacks"] for one in said[automation("/feedbacks")]["steps"]}
    assert (feedback["1"]["sent"], feedback["2"]["outcomes"]["YES"], feedback["2"]["inStep"]) == (4, 1, 3)
    shown = [one.answer.body for one in shell.sent if (one.method, one.path[8:]) == ("GET", automation(""))]
    figures = {name: shown[-1]["statistics"][name] for name in ("total", "running", "completed", "other")}
    assert figures == {"total": 4, "running": 0, "completed": 1, "other": 3}
    assert (tmp_path / "feedbacks.csv").read_text().count("\n") == 5
    assert [one["status"] for one in said["/automations"]["elements"]] == ["ARCHIVED"]
    assert said["/kpis/nodes"]["elements"][0]["automations"]["ARCHIVED"] == 1


def automation(rest: str) -> str:
    return f"/automations/b0000000-0000-4000-8000-000000000001{rest}"


def test_the_zip_of_tokens_can_be_opened(client: Client, still: Clock) -> None:
    import base64

    import app
    from tests.client import event
    from tests.journeys import make_node

    flow = make_node(client.key)
    headers = {"api_key": client.key, "node": str(flow.node)}
    answer = app.app(event("GET", "/flow/v1/tokens/reports", headers=headers | {"accept": "application/zip"}), None)
    raw = base64.b64decode(answer["body"]) if answer["isBase64Encoded"] else answer["body"].encode()
    assert zipfile.ZipFile(io.BytesIO(raw)).namelist() == ["automations-monitor.csv"]


def test_every_operation_stands_in_the_document_with_its_call_and_scope() -> None:
    rows = re.findall(r"^\| (\w+) \| `(\w+) (/flow/v1\S*)` \| (\w+) \|", (ROOT / DOCUMENT).read_text(), re.MULTILINE)
    told = {(verb, plain(path)): (name, scope) for name, verb, path, scope in rows}
    served = {
        (row.verbs, plain(row.path)): (row.operation_id, row.scope)
        for surface, row in ROWS
        if surface == CONTACTFLOW and row.scope
    }
    assert told == served
    assert operations().keys() <= told.keys()
