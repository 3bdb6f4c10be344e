"""`python -m infra.local`: serve the whole platform on one machine."""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from chalicelib.core import config


def main() -> None:
    """Start workers and API, say so in one line, serve until SIGTERM."""
    from infra.local import builtins, gateway, stack

    sys.setswitchinterval(stack.SWITCH_S)
    stack.spare_memory()
    builtin_key = builtins.make_key()
    settings = config.settings()
    stack.lock(Path(settings.data_dir))
    cloud = stack.prepare()
    workers = stack.Workers(cloud)
    workers.start()
    from app import app
    from chalicelib.platform import health

    health.use(lambda: {"api": True, "workers": workers.is_up(), "scheduler": workers.is_up()})
    try:
        server = gateway.serve(app, settings.host, settings.port)
    except OSError as error:
        workers.stop()
        raise SystemExit(f"millrace: {settings.host}:{settings.port} cannot be listened on: {error.strerror}") from None

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    stopping = threading.Event()
    threading.Thread(target=_announce, args=(workers, settings, builtin_key), daemon=True).start()
    stack.start_reporting(cloud, stopping)
    stack.settle()
    try:
        server.run()
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        workers.stop()
        stopping.set()
        stack.report_last()
        from chalicelib.adapters import javascript

        javascript.shutdown()


def _announce(workers: object, settings: config.Settings, builtin_key: str) -> None:
    """Say that all is there, once it is: whoever waits for this line may use the connectors that come along."""
    from infra.local import builtins

    workers.ready.wait()  # type: ignore[attr-defined]
    address, folder = f"http://{settings.host}:{settings.port}", Path(settings.data_dir).resolve()
    builtins.offer(address, builtin_key)
    print(f"Millrace serves {address} with its data in {folder}", flush=True)


if __name__ == "__main__":
    try:
        config.settings()
    except ValueError as error:
        raise SystemExit(f"millrace: {error}") from None
    if sys.argv[1:] == ["workers"]:
        from infra.local.workers import run

        run()
    else:
        main()
