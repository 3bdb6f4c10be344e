"""docs/CHAT.md, run as it stands there against the app in this process, and held to the rows."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from chalicelib.chat import workers
from chalicelib.edge.failures import BOTPRESS
from chalicelib.edge.route import ROWS
from tests.api.automations.documents import ROOT, Shell, blocks
from tests.client import Client
from tests.conftest import Clock
from tests.queues import drain

DOCUMENT = "docs/CHAT.md"
SECTION = "A conversation, with curl"


class ChatShell(Shell):
    """One bash whose workers are those of chat."""

    def _serve(self) -> bool:
        command, *arguments = json.loads(self._asked.read_text())
        said = self._curl(arguments) if command == "curl" else ""
        while drain("chat_setup", workers.chat_setup) + drain("chat_deliver", workers.chat_deliver):
            pass
        self._told.write_text(said)
        return bool(command != "end")


def test_the_conversation_is_as_the_document_says(client: Client, still: Clock, tmp_path: Path) -> None:
    shell = ChatShell(tmp_path, Client("default"), still)
    shell.run("\n".join(blocks(DOCUMENT, "sh", SECTION)))
    assert [(one.path, one.answer.body) for one in shell.sent if one.answer.status >= 300] == []
    said: dict[str, Any] = {f"{one.method} {one.path.rpartition('/')[2]}": one.answer.body for one in shell.sent}
    (installed,) = next(
        one.answer.body["bot"]["integrations"].values()
        for one in shell.sent
        if one.method == "GET" and "bot" in one.answer.body
    )
    assert (installed["name"], installed["status"]) == ("loop", "registered")
    words = [(one["direction"], one["payload"]["text"]) for one in said["GET messages"]["messages"]]
    assert words == [("outgoing", "echo: hello"), ("incoming", "hello")]
    assert said["POST actions"] == {"output": {"text": "HEY"}}
    assert len(said["GET users"]["users"]) == 1
    assert said["GET logs"]["logs"] == []


def test_every_operation_stands_in_the_document_with_its_call_and_scope() -> None:
    text = (ROOT / DOCUMENT).read_text()
    told = set(re.findall(r"^\| (\w+) \| `(\w+) (/v1/\S*)` \| (\w+) \|", text, re.MULTILINE))
    served = {
        (row.operation_id, row.verbs, row.path, row.scope or "public")
        for surface, row in ROWS
        if surface == BOTPRESS and not row.operation_id.startswith("receiveWebhook")
    }
    assert told == served
