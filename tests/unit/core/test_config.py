"""Settings: defaults as documented, anything unreadable named, dangerous ones refused outside dev."""

from __future__ import annotations

import pytest

from chalicelib.core import config


def test_defaults_are_the_documented_ones() -> None:
    read = config.read({})
    assert (read.port, read.data_dir, read.workers, read.tick_s) == (1290, ".millrace", 4, 60)
    assert read.dev_keys == {"default": "default"}
    assert read.delivery_timeout_s == 15
    assert read.logic_timeout_s == 5
    assert read.retry_schedule_s == (0, 5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
    assert read.egress_allow == frozenset()
    assert read.rates_per_s == {"read": 1000, "write": 500, "run": 1000, "hook": 2000}
    assert (read.chat_per_minute, read.chat_files_bytes) == (600, 100_000_000)
    assert (read.js_seconds_per_day, read.subscriptions_per_trigger) == (36_000, 100_000)


@pytest.mark.parametrize("text", ["", "0", " "])
def test_no_quota_is_said_by_nothing_or_0(text: str) -> None:
    read = config.read({"MILLRACE_JS_SECONDS_PER_DAY": text, "MILLRACE_SUBSCRIPTIONS_PER_TRIGGER": text})
    assert (read.js_seconds_per_day, read.subscriptions_per_trigger) == (0, 0)


def test_quotas_are_read() -> None:
    read = config.read({"MILLRACE_JS_SECONDS_PER_DAY": "0.5", "MILLRACE_SUBSCRIPTIONS_PER_TRIGGER": "7"})
    assert (read.js_seconds_per_day, read.subscriptions_per_trigger) == (0.5, 7)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("MILLRACE_PORT", "http"),
        ("MILLRACE_PORT", "12.5"),
        ("MILLRACE_WORKERS", "0"),
        ("MILLRACE_TICK_S", "-1"),
        ("MILLRACE_TICK_S", "nan"),
        ("MILLRACE_READS_PER_S", "0"),
        ("MILLRACE_CHAT_PER_MINUTE", "many"),
        ("MILLRACE_JS_SECONDS_PER_DAY", "-1"),
        ("MILLRACE_JS_SECONDS_PER_DAY", "all"),
        ("MILLRACE_SUBSCRIPTIONS_PER_TRIGGER", "1.5"),
        ("MILLRACE_DEV_KEYS", "key"),
        ("MILLRACE_DEV_KEYS", "=workspace"),
        ("MILLRACE_RETRY_SCHEDULE_S", "1,x"),
        ("MILLRACE_RETRY_SCHEDULE_S", "90000"),
    ],
)
def test_what_cannot_be_read_is_named(name: str, text: str) -> None:
    with pytest.raises(ValueError, match=name):
        config.read({name: text})


def test_development_doors_are_refused_outside_dev() -> None:
    with pytest.raises(ValueError, match="MILLRACE_DEV_KEYS"):
        config.read({"MILLRACE_STAGE": "prod", "MILLRACE_DEV_KEYS": "a=b"})
    with pytest.raises(ValueError, match="MILLRACE_EGRESS_ALLOW"):
        config.read({"MILLRACE_STAGE": "prod", "MILLRACE_EGRESS_ALLOW": "localhost:*"})
    assert config.read({"MILLRACE_STAGE": "prod"}).dev_keys == {}


def test_lists_are_split_and_trimmed() -> None:
    read = config.read({"MILLRACE_DEV_KEYS": "a=x, b=y", "MILLRACE_EGRESS_ALLOW": " LocalHost:* ,127.0.0.1:80"})
    assert read.dev_keys == {"a": "x", "b": "y"}
    assert read.egress_allow == {"localhost:*", "127.0.0.1:80"}


@pytest.mark.parametrize("workspace", ["-", "a#b", "", " ", "a b", "x" * 101])
def test_a_workspace_that_cannot_begin_a_key_is_refused(workspace: str) -> None:
    with pytest.raises(ValueError, match="MILLRACE_DEV_KEYS"):
        config.read({"MILLRACE_DEV_KEYS": f"key={workspace}"})
