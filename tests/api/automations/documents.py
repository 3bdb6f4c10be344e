"""Runs the commands of a document in a real shell, as they stand there; curl reaches the app in this process."""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.automations import pump
from tests.client import Answer, Client
from tests.conftest import Clock

ROOT = Path(__file__).parents[3]
_SHIM = r"""
import json, sys
sys.stdin.close()
with open({asked!r}, "w") as out:
    json.dump(sys.argv[1:], out)
with open({told!r}) as answer:
    sys.stdout.write(answer.read())
"""


@dataclass(frozen=True)
class Sent:
    """One request of a document, and what came back."""

    method: str
    path: str
    answer: Answer


def blocks(path: str, language: str, section: str = "") -> list[str]:
    """Give the fenced blocks of a language in a document, or in one of its sections."""
    text = (ROOT / path).read_text()
    if section:
        text = text.split(f"\n## {section}\n")[1].split("\n## ")[0]
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


class Shell:
    """One bash, in which curl asks the app and sleep moves the clock; workers do their part after each of them."""

    def __init__(self, folder: Path, client: Client, clock: Clock) -> None:
        self.folder, self.client, self.clock = folder, client, clock
        self.sent: list[Sent] = []
        self._asked, self._told = folder / "asked", folder / "told"
        os.mkfifo(self._asked)
        os.mkfifo(self._told)
        (folder / "shim.py").write_text(_SHIM.format(asked=str(self._asked), told=str(self._told)))

    def run(self, script: str) -> str:
        """Run a script to its end; give what it printed."""
        shim = f"python3 {self.folder / 'shim.py'}"
        prelude = f'curl() {{ {shim} curl "$@"; }}\nsleep() {{ {shim} sleep "$@"; }}\n'
        end = f"\n{shim} end\n"
        process = subprocess.Popen(
            ["bash", "-c", prelude + "set -e\n" + script + end], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        printed: list[str] = []
        reader = threading.Thread(target=lambda: printed.append(process.stdout.read() if process.stdout else ""))
        reader.start()
        try:
            while self._serve():
                pass
        finally:
            process.wait(20)
            reader.join()
            if process.stdout:
                process.stdout.close()
        assert process.returncode == 0, printed
        return printed[0]

    def _serve(self) -> bool:
        command, *arguments = json.loads(self._asked.read_text())
        said = ""
        if command == "curl":
            said = self._curl(arguments)
        elif command == "sleep":
            self.clock.advance_s(float(arguments[0]))
        pump()
        self._told.write_text(said)
        return bool(command != "end")

    def _curl(self, arguments: list[str]) -> str:
        method, url, body, headers, rest = "", "", None, {}, iter(arguments)
        for word in rest:
            match word:
                case "-s" | "-i":
                    continue
                case "-X":
                    method = next(rest)
                case "-H":
                    name, _, value = next(rest).partition(":")
                    headers[name.strip().lower()] = value.strip()
                case "-d":
                    body = next(rest)
                case _:
                    assert not word.startswith("-"), word
                    url = word
        parts = urlsplit(url)
        assert parts.netloc == "localhost:1290", url
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        key = headers.pop("api_key", None)
        raw = None if body is None else body.encode()
        method = method or ("GET" if body is None else "POST")
        answer = self.client.send(method, target, raw=raw, key=key, headers=headers)
        self.sent.append(Sent(method, parts.path, answer))
        return json.dumps(answer.body, separators=(",", ":"))
