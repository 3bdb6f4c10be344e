"""Key providers: the same promises from a key file, from KMS and from the fake."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters import aws, keys
from chalicelib.adapters.keys import FileKeys, KeyProvider, KmsKeys, WrongKey
from chalicelib.core import config
from chalicelib.core.errors import Unavailable
from tests.fakes.keys import MemoryKeys


@pytest.fixture
def kms(monkeypatch: pytest.MonkeyPatch) -> Iterator[KmsKeys]:
    from moto import mock_aws

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with mock_aws():
        aws.reset()
        yield KmsKeys(aws.client("kms").create_key()["KeyMetadata"]["KeyId"])
        aws.reset()


@pytest.fixture(params=["file", "kms", "memory"])
def provider(request: pytest.FixtureRequest, tmp_path: Path) -> KeyProvider:
    if request.param == "kms":
        return request.getfixturevalue("kms")
    return FileKeys(tmp_path / "data" / "master.key") if request.param == "file" else MemoryKeys()


def test_a_data_key_comes_back(provider: KeyProvider) -> None:
    made = provider.new_data_key("w1")
    assert len(made.plain) == 32
    assert made.plain not in made.wrapped
    assert provider.unwrap("w1", made.wrapped, made.key_id) == made.plain
    assert provider.new_data_key("w1").plain != made.plain
    assert repr(made.plain) not in repr(made)


def test_a_data_key_opens_for_its_workspace_only(provider: KeyProvider) -> None:
    made = provider.new_data_key("w1")
    with pytest.raises(WrongKey):
        provider.unwrap("w2", made.wrapped, made.key_id)


def test_a_damaged_data_key_does_not_open(provider: KeyProvider) -> None:
    made = provider.new_data_key("w1")
    for wrapped in (made.wrapped[:-1] + bytes([made.wrapped[-1] ^ 1]), b"", b"short"):
        with pytest.raises(WrongKey):
            provider.unwrap("w1", wrapped, made.key_id)


def test_the_key_file_is_private_and_survives(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "data" / "master.key"
    made = FileKeys(path).new_data_key("w")
    assert path.stat().st_mode & 0o777 == 0o600
    assert FileKeys(path).unwrap("w", made.wrapped, made.key_id) == made.plain
    path.chmod(0o644)
    FileKeys(path).new_data_key("w")
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["master.key"]


def test_a_new_master_key_leaves_the_old_one_usable(tmp_path: Path) -> None:
    first, other = FileKeys(tmp_path / "master.key"), FileKeys(tmp_path / "master.key")
    old = first.new_data_key("w")
    assert other.unwrap("w", old.wrapped, old.key_id) == old.plain
    key_id = first.add_key()
    new = first.new_data_key("w")
    assert (new.key_id, key_id != old.key_id) == (key_id, True)
    assert first.unwrap("w", old.wrapped, old.key_id) == old.plain
    assert other.unwrap("w", new.wrapped, new.key_id) == new.plain  # the file is read again for an unknown id
    with pytest.raises(WrongKey):
        first.unwrap("w", new.wrapped, old.key_id)
    with pytest.raises(WrongKey):
        first.unwrap("w", new.wrapped, "unknown")


def _first_id(path: str, ids: Any) -> None:
    ids.put(FileKeys(Path(path)).new_data_key("w").key_id)


def test_processes_that_start_at_once_agree_on_one_key(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    ids = context.SimpleQueue()
    workers = [context.Process(target=_first_id, args=(str(tmp_path / "master.key"), ids)) for _ in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(10)
    assert len({ids.get() for _ in workers}) == 1


def test_no_new_master_key_is_lost_when_two_are_added_at_once(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    FileKeys(path).new_data_key("w")
    threads = [threading.Thread(target=FileKeys(path).add_key) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(path.read_text().splitlines()) == 7


@pytest.mark.parametrize("content", ["", "garbage\n", "abc AAAA\n"])
def test_a_damaged_key_file_is_never_overwritten(tmp_path: Path, content: str) -> None:
    path = tmp_path / "master.key"
    path.write_text(content)
    with pytest.raises(ValueError):
        FileKeys(path).new_data_key("w")
    assert path.read_text() == content


def test_settings_choose_and_refuse(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MILLRACE_DATA_DIR", str(tmp_path))
    config.forget()
    try:
        assert isinstance(keys.provider(), FileKeys)
        assert keys.provider() is keys.provider()
        monkeypatch.setenv("MILLRACE_STAGE", "prod")
        monkeypatch.delenv("MILLRACE_DEV_KEYS", raising=False)
        config.forget()
        with pytest.raises(ValueError, match="MILLRACE_KMS_KEY_ID"):
            keys.provider()
        monkeypatch.setenv("MILLRACE_KMS_KEY_ID", "alias/millrace")
        config.forget()
        assert isinstance(keys.provider(), KmsKeys)
    finally:
        monkeypatch.undo()
        config.forget()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("code", ["ThrottlingException", "KMSInternalException", "KeyUnavailableException"])
def test_a_busy_key_service_is_unavailable(kms: KmsKeys, code: str) -> None:
    def fail(**_: Any) -> None:
        from botocore.exceptions import ClientError

        raise ClientError({"Error": {"Code": code}}, "GenerateDataKey")

    aws.client("kms").meta.events.register("before-call.kms.GenerateDataKey", fail)
    with pytest.raises(Unavailable):
        kms.new_data_key("w")
