"""The platform under attack: one stack, watched, with workspaces that have one of everything where asked."""

from __future__ import annotations

import json
from pathlib import Path

from infra.harness.stack import Stack
from tests.attack.outside import Outside, Sentinel
from tests.attack.sending import Api
from tests.attack.world import World

WATCHED = Path(__file__).with_name("watched")
PUBLIC = "93.184.216.34"
VICTIM, STRANGER, FORGER = (f"{name}-key-of-the-attack" for name in ("victim", "stranger", "forger"))
WORKSPACES = {VICTIM: "victim", STRANGER: "stranger", FORGER: "forger"}

# What refuses floods would also refuse the rest of the attack.
LIMITS = (
    *(f"MILLRACE_{what}_PER_S" for what in ("READS", "WRITES", "RUNS", "HOOKS")),
    "MILLRACE_CHAT_PER_MINUTE", "MILLRACE_CHAT_FILES_MB",
)  # fmt: skip


class Platform:
    """Use as a context manager. `outside` may be called, and `mail`, which hangs up on everybody; `sentinel` never.

    `dials()` says what was.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.outside, self.sentinel, self.mail = Outside(), Sentinel(), Sentinel()
        self._dials, self._names = folder / "dials", folder / "names.json"
        self.names({})
        self._ports: set[int] = set()
        self.stack = self._made(is_open=True)
        self.worlds: dict[str, World] = {}

    def _made(self, *, is_open: bool) -> Stack:
        ports = (self.outside.server_port, self.mail.port) if is_open else ()
        allowed = {"MILLRACE_EGRESS_ALLOW": ",".join(f"127.0.0.1:{port}" for port in ports)}
        made = Stack(
            self.folder / "stack",
            **allowed,
            MILLRACE_DEV_KEYS=",".join(f"{key}={workspace}" for key, workspace in WORKSPACES.items()),
            MILLRACE_RETRY_SCHEDULE_S="0,1,1",
            **dict.fromkeys(LIMITS, "1000000"),
            MILLRACE_LOG_LEVEL="DEBUG",
            PYTHONPATH=str(WATCHED),
            ATTACK_DIALS=str(self._dials),
            ATTACK_NAMES=str(self._names),
            ATTACK_PUBLIC=str(self.outside.server_port),
        )
        self._ports.add(made.port)
        return made

    def __enter__(self) -> Platform:
        self.stack.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.stop()

    def restart(self, *, is_open: bool) -> None:
        """Start it again on the same folder, with the allow-list or without."""
        self.stack.stop()
        self.stack = self._made(is_open=is_open)
        self.stack.start()
        for world in self.worlds.values():
            world.move(self.port)

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.stack.port

    @property
    def data(self) -> Path:
        """Everything it keeps."""
        return self.stack.folder / "data"

    def api(self, key: str | None = VICTIM) -> Api:
        """Call it as one of the workspaces, or with any other key."""
        return Api(self.port, key)

    def world(self, key: str = VICTIM) -> World:
        """Give the workspace with one of everything, made when first asked for."""
        if key not in self.worlds:
            self.worlds[key] = World(self.port, key, WORKSPACES[key], self.outside.url).make()
        return self.worlds[key]

    def names(self, answers: dict[str, list[list[str]]]) -> None:
        """Say what names lead to: for each the answers in turn, a list of addresses each."""
        self._names.write_text(json.dumps(answers))

    def dials(self) -> list[tuple[str, int]]:
        """List every address that any process of the platform dialled."""
        text = self._dials.read_text() if self._dials.exists() else ""
        return [(line.split()[0], int(line.split()[1])) for line in text.splitlines()]

    def strange_dials(self) -> list[tuple[str, int]]:
        """List those of them that nothing allows: neither the one server, nor the public address, nor itself."""
        known = {("127.0.0.1", port) for port in (self.outside.server_port, self.mail.port, *self._ports)}
        return [one for one in self.dials() if one not in known and one[0] != PUBLIC]
