"""A mail server that now and then has no time; keeps every mail it took, with its Message-ID."""

from __future__ import annotations

import email
import email.policy
import threading
import time
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from aiosmtpd.controller import Controller

from infra.harness.stack import free_port

BUSY = "451 no time, try again"


@dataclass(frozen=True)
class Mail:
    """One mail that was taken. `at` is monotonic, in seconds."""

    id: str
    to: str
    subject: str
    html: str
    at: float


class Mailbox:
    """An SMTP server in a thread of its own; each `busy_each`-th message it has no time for when first offered."""

    def __init__(self, busy_each: int | None = None) -> None:
        self.busy_each = busy_each
        self._taken: list[Mail] = []
        self._offered: set[str] = set()
        self._guard = threading.Lock()
        self.port = free_port()
        self._server = Controller(self, hostname="127.0.0.1", port=self.port)
        self._server.start()

    def stop(self) -> None:
        """Close it."""
        self._server.stop()

    def mails(self) -> list[Mail]:
        """Copy what was taken so far, in order."""
        with self._guard:
            return list(self._taken)

    def by_subject(self) -> dict[str, list[Mail]]:
        """Give what was taken, by subject."""
        found: dict[str, list[Mail]] = defaultdict(list)
        for one in self.mails():
            found[one.subject].append(one)
        return found

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 named by aiosmtpd
        """Take a mail, or have no time for it."""
        mail = _read(envelope)
        with self._guard:
            is_new = mail.id not in self._offered
            self._offered.add(mail.id)
            if is_new and self.busy_each and len(self._offered) % self.busy_each == 0:
                return BUSY
            self._taken.append(mail)
        return "250 OK"


def _read(envelope: Any) -> Mail:
    read = email.message_from_bytes(envelope.content, policy=email.policy.default)
    page = read.get_body(("html", "plain"))
    text = str(page.get_content()).strip() if page is not None else ""
    return Mail(
        str(read["Message-ID"]).strip("<> ").partition("@")[0],
        ",".join(envelope.rcpt_tos),
        str(read["Subject"]),
        text,
        time.monotonic(),
    )
