"""Big values, named by the hash of their content: an S3 bucket in the cloud, a folder on one machine.

The same content put twice is stored once, and what comes back is what was put: the hash is checked on reading.
Keys are `<workspace>/<first two digits>/<hash>`. Deleting is for whoever knows that nothing else names the hash.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from chalicelib.adapters import aws
from chalicelib.core import figures
from chalicelib.core.config import settings
from chalicelib.core.errors import NotFound, PlatformError, Unavailable

_HASH = re.compile(r"[0-9a-f]{64}")
_PLAIN_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
DRAFT_AGE_S = 3_600


class BlobBroken(PlatformError):
    """What is stored under a hash has another hash."""


class Blobs(Protocol):
    """A store of big values."""

    def put(self, workspace_id: str, data: bytes) -> str:
        """Store a value durably and return its sha256 in hex. Raises Unavailable."""

    def get(self, workspace_id: str, sha256: str) -> bytes:
        """Give a value back. Raises NotFound, BlobBroken, Unavailable."""

    def delete(self, workspace_id: str, sha256: str) -> None:
        """Remove a value; one that is absent is removed already. Raises Unavailable."""

    def address(self, workspace_id: str, sha256: str, seconds: int, name: str, kind: str) -> str | None:
        """Give an address where anybody may fetch a value for some seconds, under a file name and content type.

        None where values can only be fetched through us.
        """


@lru_cache(maxsize=4)
def _blobs(bucket: str, data_dir: str) -> Blobs:
    return S3Blobs(bucket) if bucket else FolderBlobs(Path(data_dir) / "blobs")


def blobs() -> Blobs:
    """Give the store the settings name."""
    return _blobs(settings().blob_bucket, settings().data_dir)


def key_of(workspace_id: str, sha256: str) -> str:
    """Name the place of a value. Raises NotFound when the hash is not one: there is nothing under it."""
    if not _HASH.fullmatch(sha256):
        raise NotFound("There is no such value")
    return f"{_folder_of(workspace_id)}/{sha256[:2]}/{sha256}"


def checked(data: bytes, sha256: str) -> bytes:
    """Return the data when its hash is right. Raises BlobBroken."""
    if hashlib.sha256(data).hexdigest() != sha256:
        raise BlobBroken(f"The value {sha256} is damaged")
    return data


def _folder_of(workspace_id: str) -> str:
    """Plain names stand for themselves; all others, which a path could misread, for their hash."""
    if _PLAIN_NAME.fullmatch(workspace_id):
        return workspace_id
    return "=" + hashlib.sha256(workspace_id.encode()).hexdigest()[:40]


class FolderBlobs:
    """Values as files. A value is written aside, synced and renamed, so that a name always means the whole value."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._drafts = root / ".drafts"
        self._drafts.mkdir(parents=True, exist_ok=True)
        self._sweep()

    def put(self, workspace_id: str, data: bytes) -> str:
        """Store a value durably and return its hash."""
        sha256 = hashlib.sha256(data).hexdigest()
        path = self._root / key_of(workspace_id, sha256)
        if path.exists() and path.stat().st_size == len(data):
            return sha256
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._drafts / os.urandom(12).hex()
        with open(draft, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        for folder in (path.parent, path.parent.parent, self._root):
            _sync(folder)
        return sha256

    def get(self, workspace_id: str, sha256: str) -> bytes:
        """Give a value back."""
        try:
            return checked((self._root / key_of(workspace_id, sha256)).read_bytes(), sha256)
        except FileNotFoundError as error:
            raise NotFound("There is no such value") from error

    def delete(self, workspace_id: str, sha256: str) -> None:
        """Remove a value."""
        (self._root / key_of(workspace_id, sha256)).unlink(missing_ok=True)

    def address(self, workspace_id: str, sha256: str, seconds: int, name: str, kind: str) -> str | None:
        """Files of this machine have no address."""
        return None

    def _sweep(self) -> None:
        """Remove what a killed process left half written."""
        for draft in self._drafts.iterdir():
            try:
                if time.time() - draft.stat().st_mtime > DRAFT_AGE_S:
                    draft.unlink()
            except FileNotFoundError:  # another process sweeps too
                continue


class S3Blobs:
    """Values as objects of one bucket."""

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket

    def put(self, workspace_id: str, data: bytes) -> str:
        """Store a value and return its hash."""
        sha256 = hashlib.sha256(data).hexdigest()
        with _in_our_words():
            aws.client("s3").put_object(Bucket=self._bucket, Key=key_of(workspace_id, sha256), Body=data)
        return sha256

    def get(self, workspace_id: str, sha256: str) -> bytes:
        """Give a value back."""
        with _in_our_words():
            found = aws.client("s3").get_object(Bucket=self._bucket, Key=key_of(workspace_id, sha256))
            with found["Body"] as body:
                data = bytes(body.read())
        return checked(data, sha256)

    def delete(self, workspace_id: str, sha256: str) -> None:
        """Remove a value."""
        with _in_our_words():
            aws.client("s3").delete_object(Bucket=self._bucket, Key=key_of(workspace_id, sha256))

    def address(self, workspace_id: str, sha256: str, seconds: int, name: str, kind: str) -> str | None:
        """Give a signed address."""
        shown = {"ResponseContentDisposition": f'attachment; filename="{name}"', "ResponseContentType": kind}
        place = {"Bucket": self._bucket, "Key": key_of(workspace_id, sha256)}
        made = aws.client("s3").generate_presigned_url("get_object", Params=place | shown, ExpiresIn=seconds)
        return str(made)


@contextmanager
def _in_our_words() -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError  # heavy

    figures.add("BlobCalls")
    try:
        yield
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in ("NoSuchKey", "404"):
            raise NotFound("There is no such value") from error
        if aws.is_transient(error) or error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= 500:
            raise Unavailable("The store of big values is busy") from error
        raise
    except BotoCoreError as error:
        if aws.is_transient(error):
            raise Unavailable("The store of big values is out of reach") from error
        raise


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
