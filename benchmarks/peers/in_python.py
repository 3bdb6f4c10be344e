"""Peers in Python: Celery with Redis, and DBOS on SQLite."""

from __future__ import annotations

from pathlib import Path

from benchmarks.peers.base import SECRET, Peer, need, python_tools
from benchmarks.workload import TRANSFORM
from infra.harness.stack import free_port

_HERE = Path(__file__).parent
_WORK = ("requests==2.34.2", "standardwebhooks==1.1.0", "quickjs-ng==0.17.0.2", "waitress==3.0.2")


class CeleryRedis(Peer):
    """Two worker processes, late acknowledgement; Redis appends to its file and syncs it every second."""

    name = "celery"
    what = "Celery 5.7.0, Redis broker and results, appendfsync everysec, 2 worker processes"

    def __init__(self, folder: Path, target: str) -> None:
        super().__init__(folder, target)
        self._redis_port = free_port()

    def start(self) -> None:
        redis = need("redis-server", "redis-server")
        tools = python_tools("celery", "celery[redis]==5.7.0", *_WORK)
        redis_port, port = self._redis_port, self.port
        environment = {
            "PYTHONPATH": str(_HERE),
            "BENCH_REDIS": f"redis://127.0.0.1:{redis_port}/0",
            "BENCH_TARGET": self.target,
            "BENCH_SECRET": SECRET,
            "BENCH_TRANSFORM": TRANSFORM,
        }
        stored = ("--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--dir", self.folder)
        self.run([redis, "--port", str(redis_port), "--bind", "127.0.0.1", *stored])
        self.await_port(redis_port)
        self.run([tools / "celery", "-A", "celery_app", "worker", "-c", "2", "--loglevel=WARNING"], **environment)
        served = ["--host=127.0.0.1", f"--port={port}", "--threads=8"]
        self.run([tools / "waitress-serve", *served, "celery_app:entry"], **environment)
        self.await_port(port)
        self.url = f"http://127.0.0.1:{port}/"


class Dbos(Peer):
    """One process, eight threads, its record a SQLite file."""

    name = "dbos"
    what = "DBOS 3.4.0 on SQLite, one process, 8 executor threads"

    def start(self) -> None:
        tools = python_tools("dbos", "dbos==3.4.0", *_WORK)
        port = self.port
        environment = {
            "PYTHONPATH": str(_HERE),
            "BENCH_DATABASE": f"sqlite:///{self.folder}/dbos.sqlite",
            "BENCH_TARGET": self.target,
            "BENCH_SECRET": SECRET,
            "BENCH_TRANSFORM": TRANSFORM,
        }
        self.run([tools / "python", _HERE / "dbos_app.py", str(port)], **environment)
        self.await_port(port)
        self.url = f"http://127.0.0.1:{port}/"
