"""Real processes that die for good: a worker is ended by `os._exit` at a chosen call, and another goes on after it.

python -m tests.workers.automations.killed FOLDER SCENE [step]

Both are forks of this process, which opens nothing itself. They share one data folder: the local cloud's SQLite file
survives the first and is all that the second one knows. Points are counted before and after every write, every
message sent, deleted or hidden, and every HTTP request. One line of JSON is printed for each point, that of a life
without a fall first. SCENE `whole` falls at every `step`th point, `once` at those around its one request, `poison`
whenever a request is about to be made, until nobody tries any more. In `cancel` nobody falls: at every `step`th
point somebody asks for the end of the execution.
"""

from __future__ import annotations

import json
import mmap
import os
import shutil
import struct
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.workers.automations import scenario

KILLED = 77
NOON_MS, MINUTE_MS = 1_767_268_800_000, 60_000
ACTS = frozenset(
    {
        "PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems", "SendMessage",
        "SendMessageBatch", "DeleteMessage", "DeleteMessageBatch", "ChangeMessageVisibility",
    }
)  # fmt: skip


class Shared:
    """What the lives have in common with this process: the time, the points passed, where to die. In memory."""

    def __init__(self) -> None:
        self._map = mmap.mmap(-1, 24)

    def __getitem__(self, place: int) -> int:
        return int(struct.unpack_from("q", self._map, 8 * place)[0])

    def __setitem__(self, place: int, value: int) -> None:
        struct.pack_into("q", self._map, 8 * place, value)


NOW, POINT, DIES_AT = range(3)
NEVER, AT_REQUESTS = -1, -2
MOST_LIVES = 12


class Life:
    """One process from its start to its end, or to the point where it is to die."""

    def __init__(self, shared: Shared, folder: Path, lines: Path, scene: str) -> None:
        self.shared, self.folder, self.lock = shared, folder, threading.RLock()
        self.lines, self.scene, self.execution = lines, scene, ""
        self.path = (folder / "path").read_text()

    def run(self) -> None:
        """Start as a restarted stack does, and go on to the end."""
        self._attach()
        from chalicelib.adapters import javascript

        self.execution = execution = self._begin()
        self._finish(execution)
        self._report(execution)
        javascript.shutdown()

    # --- points -----------------------------------------------------------------------------------------------

    def pass_(self, name: str) -> None:
        """Pass one point, or die there: nothing is cleaned up, no handler runs."""
        with self.lock:
            number = self.shared[POINT]
            self.shared[POINT] = number + 1
            self.note("points", name)
            wanted = self.shared[DIES_AT]
            if number == wanted or (wanted == AT_REQUESTS and name == "before request"):
                self.note("died", name)
                if self.scene != "cancel":
                    os._exit(KILLED)
                self._cancel()

    def _cancel(self) -> None:
        """Ask for the end as the API does, in the middle of whatever is going on."""
        from chalicelib.adapters import queue
        from chalicelib.automations import models, queues
        from chalicelib.core import clock
        from chalicelib.durable import steps
        from chalicelib.storage.tables import WORK

        if self.execution:
            key = models.execution_key(scenario.WORKSPACE, self.execution)
            if steps.cancel(WORK, key, clock.now_ms()) is not None:
                with self.lines.open("ab", buffering=0) as out:
                    out.write(b"CANCELLED -\n")
                queue.send(queues.ADVANCE, {"w": scenario.WORKSPACE, "x": self.execution})

    def note(self, file: str, line: str) -> None:
        """Add a line to a file, in one write, so that it is there whatever happens next."""
        with open(self.folder / file, "ab", buffering=0) as out:
            out.write(line.encode() + b"\n")

    def _attach(self) -> None:
        from chalicelib.adapters import aws, http_client, queue
        from chalicelib.core import clock, config
        from infra.local.cloud import LocalCloud
        from infra.local.cloud.direct import Shortcut

        os.environ["MILLRACE_DATA_DIR"] = str(self.folder)
        config.forget()
        clock.use(lambda: self.shared[NOW])
        cloud = LocalCloud(self.folder / "millrace.db", now_ms=clock.now_ms)
        queue.forget()

        def watch(service: str, client: Any) -> None:
            inner = Shortcut(cloud._services[service])

            def answer(model: Any, params: Any, **more: Any) -> Any:
                if model.name not in ACTS:
                    return inner.answer(model, params, **more)
                self.pass_(f"before {model.name}")
                answered = inner.answer(model, params, **more)
                self._witness(answered[1])
                self.pass_(f"after {model.name}")
                return answered

            if service in cloud._services:
                client.meta.events.register(f"before-call.{service}", answer)

        aws.on_client(watch)
        send = http_client.send

        def through(*arguments: Any, **more: Any) -> Any:
            self.pass_("before request")
            answered = send(*arguments, **more)
            self.pass_("after request")
            return answered

        http_client.send = through  # type: ignore[assignment]
        cloud.release_in_flight()

    def _witness(self, answered: dict[str, Any]) -> None:
        """Write down which place in its history an execution has reached, as the table said."""
        row = answered.get("Attributes") or {}
        if "#X#" in row.get("pk", {}).get("S", "") and "seq" in row:
            self.note("seqs", f"{row['sk']['S']} {row['seq']['N']}")

    # --- what happens -----------------------------------------------------------------------------------------

    def _begin(self) -> str:
        """Ask for an execution, as a client that repeats its request under its key until it has an answer."""
        from tests.client import Client

        client = Client(scenario.WORKSPACE)
        for _ in range(10):
            headers = {"prefer": "respond-async", "idempotency-key": "once"}
            answer = client.post(self.path, {"input": {}}, headers=headers)
            if answer.status == 202:
                return str(answer.body["executionId"])
            self.shared[NOW] += MINUTE_MS
        raise AssertionError(f"never accepted: {answer}")

    def _finish(self, execution: str) -> None:
        """Let workers, minutes and the one event happen until it has ended, and a while longer."""
        from chalicelib.automations.workers import tick as scheduled
        from chalicelib.durable.steps import ENDED
        from chalicelib.subscriptions import queues, workers
        from infra.local.mapping import _scheduled_event
        from tests.automations import pump
        from tests.client import Client
        from tests.queues import drain

        client = Client(scenario.WORKSPACE)
        later = iter((MINUTE_MS, 20 * MINUTE_MS))  # what still comes must find nothing to do
        for _ in range(90):
            pump()
            drain(queues.DEAD_LETTERS, workers.bury)
            row = self._row(execution)
            if '"heard"' in str(row["memo"]) and row["st"] not in ENDED:
                event = {"name": "go", "payload": 7}
                path = f"/v1/execution/{execution}/event{scenario.OF_USER}"
                answer = client.post(path, event, headers={"idempotency-key": "go"})
                if answer.status not in (200, 409):
                    raise AssertionError(f"the event was refused: {answer}")
                pump()
            has_ended = self._row(execution)["st"] in ENDED
            passes_ms = next(later, 0) if has_ended else MINUTE_MS
            if not passes_ms:
                return
            self.shared[NOW] += passes_ms
            scheduled(_scheduled_event(), None)
        raise AssertionError("it never ends")

    def _row(self, execution: str) -> dict[str, Any]:
        from chalicelib.automations import models
        from chalicelib.storage.tables import WORK

        return WORK.get(models.execution_key(scenario.WORKSPACE, execution)) or {}

    def _report(self, execution: str) -> None:
        """Write down how it ended."""
        import orjson

        row, done = self._row(execution), []
        for seq in sorted(row["memo"], key=int):
            done += [[one["a"], one["z"]] for one in orjson.loads(row["memo"][seq])["r"]]
        usage = self._usage()
        report = {
            "state": row["st"],
            "output": orjson.loads((row.get("res") or {"j": "null"})["j"]),
            "error": (row.get("err") or {}).get("type"),
            "seq": row["seq"],
            "memo": sorted(map(int, row["memo"])),
            "transitions": done,
            "owes": bool(row.get("out")),
            "due": [name for name in ("due", "dueB", "dueK") if name in row],
            "left": self._messages(),
            "usage": usage,
            "others": self._others(execution),
        }
        (self.folder / "report").write_text(json.dumps(report))

    def _usage(self) -> dict[str, Any]:
        from tests.client import Client

        answer = Client(scenario.WORKSPACE).get("/v1/usage?from=2026-01-01&to=2026-01-03").ok()
        return {name: answer["total"][name] for name in ("executions", "done", "failed", "cancelled")}

    def _others(self, execution: str) -> list[str]:
        """Give the states of the executions it started."""
        from tests.client import Client

        client = Client(scenario.WORKSPACE)
        states = []
        for item in client.get(f"/v1/automation{scenario.OF_USER}").ok():
            listed = client.get(f"/v1/automation/{item['id']}/execution{scenario.OF_USER}").ok()
            states += [one["state"] for one in listed if one["id"] != execution]
        return states

    def _messages(self) -> int:
        from chalicelib.adapters import aws, queue
        from chalicelib.automations import queues

        counts = 0
        for name in (queues.ADVANCE, queues.START, queues.BACKLOG, queues.EVENT):
            found = aws.client("sqs").get_queue_attributes(QueueUrl=queue.url(name), AttributeNames=["All"])
            kinds = ("", "Delayed", "NotVisible")
            counts += sum(int(found["Attributes"][f"ApproximateNumberOfMessages{kind}"]) for kind in kinds)
        return counts


# --- the process that stands behind them ------------------------------------------------------------------------------


class Taken(BaseHTTPRequestHandler):
    """Writes down each request that reached the outside, before it is answered."""

    protocol_version = "HTTP/1.1"
    lines: Path

    def do_GET(self) -> None:
        """Take any request."""
        self.rfile.read(int(self.headers.get("content-length") or 0))
        with open(self.lines, "ab", buffering=0) as out:
            out.write(f"{self.path} {self.headers['idempotency-key']}\n".encode())
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_POST = do_PUT = do_GET  # noqa: N815

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class Quiet(ThreadingHTTPServer):
    """A server whose callers may fall at any moment."""

    def handle_error(self, *_: Any) -> None:
        """Say nothing of it."""


def fork(does: Any) -> int:
    """Run a function in a process of its own; give its process id."""
    pid = os.fork()
    if pid == 0:
        code = 1
        os.dup2(2, 1)  # what it logs is not for those who read our lines
        try:
            does()
            code = 0
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(code)
    return pid


def wait(pid: int) -> int:
    """Wait for a process; give its exit code, negative for a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def prepare(folder: Path, base: str, scene: str) -> None:
    """Make tables, queues, user, service and automations in a fresh data folder."""
    from infra.local import stack
    from tests.client import Client

    cloud = stack.prepare()
    (folder / "path").write_text(scenario.build(Client(scenario.WORKSPACE), base, scene))
    from chalicelib.adapters import javascript

    javascript.shutdown()
    cloud.close()


def play(shared: Shared, template: Path, folder: Path, lines: Path, scene: str, dies_at: int) -> dict[str, Any]:
    """Let one worker die at a point, another go on; tell what came of it."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(template, folder)
    lines.write_bytes(b"")
    shared[NOW], shared[POINT], shared[DIES_AT] = NOON_MS, 0, dies_at
    codes = [wait(fork(lambda: Life(shared, folder, lines, scene).run()))]
    names = _lines(folder / "points")
    while codes[-1] == KILLED and len(codes) < MOST_LIVES:
        shared[DIES_AT] = dies_at if dies_at == AT_REQUESTS else NEVER
        codes.append(wait(fork(lambda: Life(shared, folder, lines, scene).run())))
    calls = [line.split(" ") for line in _lines(lines)]
    seqs = [line.split(" ") for line in _lines(folder / "seqs")]
    return {
        "point": dies_at,
        "names": names,
        "died": "".join(_lines(folder / "died")[:1]),
        "codes": codes,
        "calls": {path: [key for one, key in calls if one == path] for path, _ in calls},
        "order": [path for path, _ in calls],
        "seqs": {sk: [int(seq) for one, seq in seqs if one == sk] for sk in {one for one, _ in seqs}},
        "minutes": (shared[NOW] - NOON_MS) // MINUTE_MS,
        **(json.loads((folder / "report").read_text()) if (folder / "report").exists() else {}),
    }


def points_of(scene: str, names: list[str], step: int) -> list[int]:
    """Say where to die in a scene."""
    if scene == "poison":
        return [AT_REQUESTS]
    if scene == "once":
        request = names.index("before request")
        return list(range(request - 4, request + 6))
    return list(range(0, len(names), step)) if step else sample(names)


def sample(names: list[str]) -> list[int]:
    """Take every 26th point of each kind, at least one, the kinds beginning at different places."""
    found = []
    for number, kind in enumerate(sorted(set(names))):
        points = [point for point, name in enumerate(names) if name == kind]
        found += points[number % min(26, len(points)) :: 26]
    return sorted(found)


def warm() -> None:
    """Import, once, what every life needs: each is a fork of this process."""
    import app  # noqa: F401
    from chalicelib.adapters import aws, http_client, vault  # noqa: F401
    from chalicelib.adapters.javascript import sandbox  # noqa: F401
    from infra.local import stack
    from tests import automations  # noqa: F401

    stack.handlers()
    aws.reset(is_local=True)
    for service in ("dynamodb", "sqs"):
        aws.client(service)


def _lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


def main(root: Path, scene: str, step: int) -> None:
    """Play a life without a fall, then those of the scene."""
    os.environ |= {
        "MILLRACE_DATA_DIR": str(root / "template"),
        "MILLRACE_DEV_KEYS": f"{scenario.WORKSPACE}={scenario.WORKSPACE}",
        "MILLRACE_EGRESS_ALLOW": "127.0.0.1:*",
        "MILLRACE_LOG_LEVEL": "CRITICAL",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    warm()
    template, folder, lines = root / "template", root / "run", root / "calls"
    server = Quiet(("127.0.0.1", 0), Taken)
    Taken.lines = lines
    receiver = fork(server.serve_forever)
    base = f"http://127.0.0.1:{server.server_port}"
    try:
        if wait(fork(lambda: prepare(template, base, scene))) != 0:
            raise SystemExit("the scene could not be set")
        shared = Shared()
        whole = play(shared, template, folder, lines, scene, NEVER)
        print(json.dumps(whole), flush=True)
        for point in points_of(scene, whole["names"], step):
            print(json.dumps(play(shared, template, folder, lines, scene, point)), flush=True)
    finally:
        os.kill(receiver, 9)
        os.waitpid(receiver, 0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int((*sys.argv[3:], "1")[0]))
