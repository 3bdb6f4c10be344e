"""Master keys: what wraps the data keys of the workspaces. KMS in the cloud, a key file on one machine.

A master key never leaves its provider; a data key is useless without it. The workspace is bound into every wrapped
key, so that one workspace's key cannot be passed off as another's.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import os
import threading
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from chalicelib.adapters import aws
from chalicelib.core import figures
from chalicelib.core.config import DEV, settings
from chalicelib.core.errors import PlatformError, Unavailable

KEY_BYTES = 32
NONCE_BYTES = 12


class WrongKey(PlatformError):
    """The master key does not open this data key: another workspace's, damaged, or its master key is gone."""


@dataclass(frozen=True)
class DataKey:
    """A fresh data key: `plain` to use now, `wrapped` to store, `key_id` of the master key that wrapped it."""

    plain: bytes = field(repr=False)
    wrapped: bytes = field(repr=False)
    key_id: str


class KeyProvider(Protocol):
    """Whoever holds the master keys."""

    def new_data_key(self, workspace_id: str) -> DataKey:
        """Make a data key of 32 bytes for a workspace. Raises Unavailable."""

    def unwrap(self, workspace_id: str, wrapped: bytes, key_id: str) -> bytes:
        """Give the plain data key back. Raises WrongKey, Unavailable."""


@lru_cache(maxsize=4)
def _provider(kms_key_id: str, data_dir: str, stage: str) -> KeyProvider:
    return KmsKeys(kms_key_id) if kms_key_id else FileKeys(Path(data_dir) / "master.key", stage)


def provider() -> KeyProvider:
    """Give the provider the settings name. Raises ValueError outside development when no KMS key is set."""
    chosen = settings()
    return _provider(chosen.kms_key_id, chosen.data_dir, chosen.stage)


class KmsKeys:
    """Master keys in KMS. Rotation is KMS's own: a wrapped key says itself which key material it needs."""

    def __init__(self, kms_key_id: str) -> None:
        self._kms_key_id = kms_key_id

    def new_data_key(self, workspace_id: str) -> DataKey:
        """Make a data key. Raises Unavailable."""
        made = self._call(
            "generate_data_key",
            KeyId=self._kms_key_id,
            KeySpec="AES_256",
            EncryptionContext={"workspace": workspace_id},
        )
        return DataKey(made["Plaintext"], made["CiphertextBlob"], made["KeyId"])

    def unwrap(self, workspace_id: str, wrapped: bytes, key_id: str) -> bytes:
        """Give the plain data key back. Raises WrongKey, Unavailable."""
        opened = self._call(
            "decrypt", KeyId=key_id, CiphertextBlob=wrapped, EncryptionContext={"workspace": workspace_id}
        )
        return bytes(opened["Plaintext"])

    def _call(self, operation: str, **arguments: Any) -> Any:
        from botocore.exceptions import BotoCoreError, ClientError  # heavy

        figures.add("KeyCalls")
        try:
            return getattr(aws.client("kms"), operation)(**arguments)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if code in ("InvalidCiphertextException", "IncorrectKeyException", "NotFoundException"):
                raise WrongKey("The master key does not open this data key") from error
            if aws.is_transient(error) or code in ("KMSInternalException", "KeyUnavailableException"):
                raise Unavailable("The key service is busy") from error
            raise
        except BotoCoreError as error:
            if aws.is_transient(error):
                raise Unavailable("The key service is out of reach") from error
            raise


class FileKeys:
    """Master keys in a file of the data directory, for one machine and development only.

    One key a line, as id and base64 of 32 random bytes; the last line is the current one. The id is drawn from the
    key's own hash, so a damaged line is noticed.
    """

    def __init__(self, path: Path, stage: str = DEV) -> None:
        if stage != DEV:
            raise ValueError("MILLRACE_KMS_KEY_ID must be set outside the dev stage: a key file is not enough there")
        self._path = path
        self._lock = threading.Lock()
        self._keys: dict[str, bytes] = {}

    def new_data_key(self, workspace_id: str) -> DataKey:
        """Make a data key, and the key file when there is none."""
        keys = self._known()
        key_id = next(reversed(keys))
        plain, nonce = os.urandom(KEY_BYTES), os.urandom(NONCE_BYTES)
        return DataKey(plain, nonce + _aes(keys[key_id]).encrypt(nonce, plain, _bound(workspace_id, key_id)), key_id)

    def unwrap(self, workspace_id: str, wrapped: bytes, key_id: str) -> bytes:
        """Give the plain data key back. Raises WrongKey."""
        from cryptography.exceptions import InvalidTag  # heavy

        key = self._known().get(key_id) or self._known(again=True).get(key_id)
        if key is None:
            raise WrongKey("The key file does not hold the master key of this data key")
        try:
            return bytes(_aes(key).decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], _bound(workspace_id, key_id)))
        except (InvalidTag, ValueError) as error:
            raise WrongKey("The master key does not open this data key") from error

    def add_key(self) -> str:
        """Put a new current master key into the file and return its id; what the old ones wrapped still opens."""
        self._known()
        with self._lock, open(self._path.with_suffix(".lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # two at once would lose a key, and all that it wrapped
            keys = self._read()
            key_id, key = _fresh()
            _replace(self._path, _written({**keys, key_id: key}))
            self._keys = {**keys, key_id: key}
        return key_id

    def _known(self, *, again: bool = False) -> dict[str, bytes]:
        if again or not self._keys:
            with self._lock:
                self._keys = self._read()
        return self._keys

    def _read(self) -> dict[str, bytes]:
        if not self._path.exists():
            _create(self._path, _written(dict([_fresh()])))
        self._path.chmod(0o600)
        keys = {}
        for line in self._path.read_text("ascii").splitlines():
            key_id, _, text = line.partition(" ")
            keys[key_id] = base64.b64decode(text)
            if _id_of(keys[key_id]) != key_id or len(keys[key_id]) != KEY_BYTES:
                raise ValueError(f"{self._path} is damaged: restore it from a copy")
        if not keys:
            raise ValueError(f"{self._path} is empty: restore it from a copy")
        return keys


def _aes(key: bytes) -> Any:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # heavy

    return AESGCM(key)


def _bound(workspace_id: str, key_id: str) -> bytes:
    return f"data key|{key_id}|{workspace_id}".encode()


def _fresh() -> tuple[str, bytes]:
    key = os.urandom(KEY_BYTES)
    return _id_of(key), key


def _id_of(key: bytes) -> str:
    return hashlib.sha256(b"id of master key" + key).hexdigest()[:16]


def _written(keys: dict[str, bytes]) -> bytes:
    return "".join(f"{key_id} {base64.b64encode(key).decode()}\n" for key_id, key in keys.items()).encode()


def _create(path: Path, content: bytes) -> None:
    """Write a file whole and durably, or leave the one that another process has just made."""
    draft = _draft(path, content)
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    _sync(path.parent)


def _replace(path: Path, content: bytes) -> None:
    _draft(path, content).replace(path)
    _sync(path.parent)


def _draft(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.urandom(6).hex()}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return draft


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
