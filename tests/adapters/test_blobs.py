"""Big values: the same promises from a folder, from S3 and from the fake."""

from __future__ import annotations

import hashlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters import aws
from chalicelib.adapters import blobs as stores
from chalicelib.adapters.blobs import BlobBroken, Blobs, FolderBlobs, S3Blobs
from chalicelib.core import config
from chalicelib.core.errors import NotFound, Unavailable
from tests.fakes.blobs import MemoryBlobs

ABSENT = "0" * 64


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    from moto import mock_aws

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        aws.reset()
        aws.client("s3").create_bucket(Bucket="blobs")
        yield "blobs"
        aws.reset()


@pytest.fixture(params=["folder", "s3", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    if request.param == "s3":
        return S3Blobs(request.getfixturevalue("bucket"))
    return FolderBlobs(tmp_path / "blobs") if request.param == "folder" else MemoryBlobs()


@pytest.mark.parametrize("data", [b"", b"x", bytes(range(256)) * 4096])
def test_a_value_comes_back_by_its_hash(store: Blobs, data: bytes) -> None:
    sha256 = store.put("w", data)
    assert sha256 == hashlib.sha256(data).hexdigest()
    assert store.put("w", data) == sha256
    assert store.get("w", sha256) == data


def test_what_is_absent_is_not_found(store: Blobs) -> None:
    sha256 = store.put("w", b"x")
    with pytest.raises(NotFound):
        store.get("w", ABSENT)
    with pytest.raises(NotFound):
        store.get("v", sha256)


def test_a_deleted_value_is_gone_for_its_workspace_only(store: Blobs) -> None:
    sha256 = store.put("w", b"x")
    store.put("v", b"x")
    store.delete("w", sha256)
    store.delete("w", sha256)
    with pytest.raises(NotFound):
        store.get("w", sha256)
    assert store.get("v", sha256) == b"x"
    store.put("w", b"x")
    assert store.get("w", sha256) == b"x"


@pytest.mark.parametrize(
    "sha256", ["", "..", "../../master.key", "A" * 64, "g" * 64, "0" * 63, "0" * 65, "0" * 64 + "\n"]
)
def test_what_is_no_hash_is_not_found(store: Blobs, sha256: str) -> None:
    for act in (store.get, store.delete):
        with pytest.raises(NotFound):
            act("w", sha256)


STRANGE = [
    "..",
    ".",
    "",
    "../w",
    "/etc",
    "a/b",
    "a\\b",
    "W",
    "w\0",
    "ä",
    "w ",
    ".drafts",
    "=x",
    "-x",
    "x" * 300,
    "con:1",
]


def test_strange_workspace_names_stay_apart_and_never_become_paths(store: Blobs, tmp_path: Path) -> None:
    sha256 = store.put("w", b"w")
    for name in STRANGE:
        mine = store.put(name, name.encode())
        assert store.get(name, mine) == name.encode()
        with pytest.raises(NotFound):
            store.get(name, sha256)
    assert {entry.name for entry in tmp_path.iterdir()} <= {"blobs"}
    keys = {stores.key_of(name, ABSENT) for name in [*STRANGE, "w"]}
    assert len(keys) == len(STRANGE) + 1
    assert all(key.count("/") == 2 and key.isascii() and ".." not in key for key in keys)


def test_a_damaged_file_is_noticed_and_repaired(tmp_path: Path) -> None:
    store = FolderBlobs(tmp_path)
    sha256 = store.put("w", b"right")
    path = tmp_path / stores.key_of("w", sha256)
    path.write_bytes(b"wrong")
    with pytest.raises(BlobBroken):
        store.get("w", sha256)
    path.write_bytes(b"cut")
    store.put("w", b"right")
    assert store.get("w", sha256) == b"right"


def test_a_damaged_object_is_noticed(bucket: str) -> None:
    store = S3Blobs(bucket)
    sha256 = store.put("w", b"right")
    aws.client("s3").put_object(Bucket=bucket, Key=stores.key_of("w", sha256), Body=b"wrong")
    with pytest.raises(BlobBroken):
        store.get("w", sha256)


def test_a_busy_bucket_is_unavailable(bucket: str) -> None:
    from botocore.exceptions import ClientError

    def fail(**_: Any) -> None:
        answer = {"Error": {"Code": "SlowDown"}, "ResponseMetadata": {"HTTPStatusCode": 503}}
        raise ClientError(answer, "PutObject")  # type: ignore[arg-type]

    aws.client("s3").meta.events.register("before-call.s3.PutObject", fail)
    with pytest.raises(Unavailable):
        S3Blobs(bucket).put("w", b"x")


def test_threads_may_put_the_same_value(tmp_path: Path) -> None:
    store = FolderBlobs(tmp_path)
    threads = [threading.Thread(target=store.put, args=("w", b"same" * 10_000)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert store.get("w", hashlib.sha256(b"same" * 10_000).hexdigest()) == b"same" * 10_000
    assert list((tmp_path / ".drafts").iterdir()) == []


def test_a_killed_process_leaves_whole_values_only(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        try:
            store = FolderBlobs(tmp_path)
            for number in range(100_000):
                os.write(writer, (store.put("w", f"{number}|".encode() * 20_000) + "\n").encode())
        finally:
            os._exit(1)
    os.close(writer)
    time.sleep(0.2)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with open(reader) as told:
        promised = told.read().split()
    store = FolderBlobs(tmp_path)
    assert promised
    for sha256 in promised:
        store.get("w", sha256)
    for path in (tmp_path / "w").rglob("*"):
        if path.is_file():
            store.get("w", path.name)


def test_old_drafts_are_swept(tmp_path: Path) -> None:
    FolderBlobs(tmp_path)
    old, young = tmp_path / ".drafts" / "old", tmp_path / ".drafts" / "young"
    old.write_bytes(b"x")
    young.write_bytes(b"x")
    os.utime(old, (1, 1))
    FolderBlobs(tmp_path)
    assert [old.exists(), young.exists()] == [False, True]


def test_settings_choose(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MILLRACE_DATA_DIR", str(tmp_path))
    config.forget()
    try:
        assert isinstance(stores.blobs(), FolderBlobs)
        monkeypatch.setenv("MILLRACE_BLOB_BUCKET", "b")
        config.forget()
        assert isinstance(stores.blobs(), S3Blobs)
    finally:
        monkeypatch.undo()
        config.forget()
