"""Python runs this in every process of the watched platform: each address dialled is noted, and names lead where told.

ATTACK_DIALS is the file dialled addresses are appended to; ATTACK_NAMES a file of name -> answers, taken in turn (each
a list of addresses); ATTACK_PUBLIC the port on this machine that stands for the public address 93.184.216.34.
"""

from __future__ import annotations

import json
import os
import socket
from collections import Counter
from typing import Any

PUBLIC = "93.184.216.34"
_connect, _look_up = socket.socket.connect, socket.getaddrinfo
_asked: Counter[str] = Counter()


def _note(line: str) -> None:
    descriptor = os.open(os.environ["ATTACK_DIALS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(descriptor, line.encode() + b"\n")
    os.close(descriptor)


def connect(self: socket.socket, address: Any) -> Any:
    """Note the address; what is public leads to the server that stands for the internet."""
    if self.family not in (socket.AF_INET, socket.AF_INET6):
        return _connect(self, address)
    _note(f"{address[0]} {address[1]}")
    if address[0] == PUBLIC:
        address = ("127.0.0.1", int(os.environ["ATTACK_PUBLIC"]))
    return _connect(self, address)


def getaddrinfo(host: Any, port: Any, *rest: Any, **more: Any) -> Any:
    """Answer from the file; every other name has no address."""
    name = host.decode() if isinstance(host, bytes) else str(host)
    try:
        socket.inet_pton(socket.AF_INET6 if ":" in name else socket.AF_INET, name)
    except OSError:
        pass
    else:
        return _look_up(host, port, *rest, **more)
    with open(os.environ["ATTACK_NAMES"], encoding="utf-8") as file:
        answers = json.load(file).get(name.rstrip("."))
    if not answers:
        raise socket.gaierror(socket.EAI_NONAME, "unknown name")
    chosen = answers[min(_asked[name], len(answers) - 1)]
    _asked[name] += 1
    kind = socket.SOCK_STREAM
    return [(socket.AF_INET6 if ":" in one else socket.AF_INET, kind, 6, "", (one, int(port or 0))) for one in chosen]


if "ATTACK_DIALS" in os.environ:
    socket.socket.connect = connect  # type: ignore[method-assign]
    socket.getaddrinfo = getaddrinfo
