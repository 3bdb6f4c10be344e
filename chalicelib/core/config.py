"""Settings, read from the environment on first use and kept.

Their names are fixed: docs/OPERATIONS.md lists them. Nothing is read at import, because packaging imports every
module without any environment.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

DEV = "dev"
DEFAULT_PREFIX = "millrace-"
_WORKSPACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")  # it begins every partition key, where # separates
STANDARD_RETRY_SCHEDULE_S = (0, 5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)


@dataclass(frozen=True)
class Settings:
    """Everything the environment may decide. Units are in the names; sizes are bytes."""

    stage: str
    host: str
    port: int
    public_url: str
    data_dir: str
    dev_keys: Mapping[str, str]
    egress_allow: frozenset[str]
    retry_schedule_s: tuple[int, ...]
    delivery_timeout_s: float
    tick_s: float
    logic_timeout_s: float
    workers: int
    table_prefix: str
    queue_prefix: str
    blob_bucket: str
    kms_key_id: str
    runner: str
    log_level: str
    rates_per_s: Mapping[str, float]  # requests of each kind a second: of a key, or of an address of notifications
    chat_per_minute: float
    chat_files_bytes: int
    js_seconds_per_day: float  # of CPU, of a workspace's scripts; 0: no quota
    subscriptions_per_trigger: int  # of a workspace's; 0: no limit


@lru_cache(maxsize=1)
def settings() -> Settings:
    """Read the settings once. Raises ValueError naming the variable that cannot be read."""
    return read(os.environ)


def forget() -> None:
    """Read the environment anew at the next use (tests, and the local stack at start)."""
    settings.cache_clear()


def queue_prefix() -> str:
    """Give what stands before every queue's name: the one setting that packaging needs at import."""
    return os.environ.get("MILLRACE_QUEUE_PREFIX", DEFAULT_PREFIX)


def read(env: Mapping[str, str]) -> Settings:
    """Build settings from a mapping. Raises ValueError naming the variable that cannot be read or is refused."""
    stage = env.get("MILLRACE_STAGE", DEV)
    host, port = env.get("MILLRACE_HOST", "127.0.0.1"), _int(env, "MILLRACE_PORT", 1290)
    dev_keys = _pairs(env.get("MILLRACE_DEV_KEYS", "default=default" if stage == DEV else ""))
    egress = frozenset(part.strip().lower() for part in env.get("MILLRACE_EGRESS_ALLOW", "").split(",") if part.strip())
    if stage != DEV and dev_keys:
        raise ValueError("MILLRACE_DEV_KEYS is refused outside the dev stage")
    if stage != DEV and egress:
        raise ValueError("MILLRACE_EGRESS_ALLOW is refused outside the dev stage")
    return Settings(
        stage=stage,
        host=host,
        port=port,
        public_url=env.get("MILLRACE_PUBLIC_URL", f"http://localhost:{port}").rstrip("/"),
        data_dir=env.get("MILLRACE_DATA_DIR", ".millrace"),
        dev_keys=dev_keys,
        egress_allow=egress,
        retry_schedule_s=_schedule(env.get("MILLRACE_RETRY_SCHEDULE_S", "")),
        delivery_timeout_s=_float(env, "MILLRACE_DELIVERY_TIMEOUT_S", 15),
        tick_s=_float(env, "MILLRACE_TICK_S", 60),
        logic_timeout_s=_float(env, "MILLRACE_LOGIC_TIMEOUT_S", 5),
        workers=_int(env, "MILLRACE_WORKERS", 4),
        table_prefix=env.get("MILLRACE_TABLE_PREFIX", DEFAULT_PREFIX),
        queue_prefix=env.get("MILLRACE_QUEUE_PREFIX", DEFAULT_PREFIX),
        blob_bucket=env.get("MILLRACE_BLOB_BUCKET", ""),
        kms_key_id=env.get("MILLRACE_KMS_KEY_ID", ""),
        runner=env.get("MILLRACE_RUNNER", ""),
        log_level=env.get("MILLRACE_LOG_LEVEL", "INFO"),
        rates_per_s={
            "read": _float(env, "MILLRACE_READS_PER_S", 1000),
            "write": _float(env, "MILLRACE_WRITES_PER_S", 500),
            "run": _float(env, "MILLRACE_RUNS_PER_S", 1000),
            "hook": _float(env, "MILLRACE_HOOKS_PER_S", 2000),
        },
        chat_per_minute=_float(env, "MILLRACE_CHAT_PER_MINUTE", 600),
        chat_files_bytes=int(_float(env, "MILLRACE_CHAT_FILES_MB", 100) * 1_000_000),
        js_seconds_per_day=_quota(env, "MILLRACE_JS_SECONDS_PER_DAY", 36_000),
        subscriptions_per_trigger=_whole(
            _quota(env, "MILLRACE_SUBSCRIPTIONS_PER_TRIGGER", 100_000), "MILLRACE_SUBSCRIPTIONS_PER_TRIGGER"
        ),
    )


def _int(env: Mapping[str, str], name: str, default: int) -> int:
    return _whole(_float(env, name, default), name)


def _quota(env: Mapping[str, str], name: str, default: float) -> float:
    """Read a quota; 0 stands for none, which is what an empty text or 0 say."""
    if name in env and env[name].strip() in ("", "0"):
        return 0
    return _float(env, name, default)


def _whole(value: float, name: str) -> int:
    if value != int(value):
        raise ValueError(f"{name} must be a whole number")
    return int(value)


def _float(env: Mapping[str, str], name: str, default: float) -> float:
    text = env.get(name, "").strip()
    if not text:
        return default
    try:
        value = float(text)
    except ValueError as error:
        raise ValueError(f"{name} must be a number, not {text!r}") from error
    if not 0 < value < 1e9:
        raise ValueError(f"{name} must be a positive number, not {text!r}")
    return value


def _pairs(text: str) -> dict[str, str]:
    pairs = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        key, equals, workspace = part.partition("=")
        if not (key and equals and _WORKSPACE.fullmatch(workspace)):
            raise ValueError(f"MILLRACE_DEV_KEYS holds key=workspace pairs, not {part!r}")
        pairs[key] = workspace
    return pairs


def _schedule(text: str) -> tuple[int, ...]:
    if not text.strip():
        return STANDARD_RETRY_SCHEDULE_S
    try:
        delays = tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise ValueError("MILLRACE_RETRY_SCHEDULE_S holds whole seconds separated by commas") from error
    if not delays or min(delays) < 0 or max(delays) > 86_400:
        raise ValueError("MILLRACE_RETRY_SCHEDULE_S holds delays from 0 to 86400 seconds")
    return delays
