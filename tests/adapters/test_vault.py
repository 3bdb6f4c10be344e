"""Sealed secrets open for their workspace and place, and for nothing else."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.adapters import vault as vaults
from chalicelib.adapters.keys import FileKeys
from chalicelib.adapters.vault import SealBroken, Vault, WrappedKey
from chalicelib.core import clock
from tests.fakes.keys import MemoryKeys, MemoryKeyStore


@pytest.fixture
def now() -> Iterator[list[int]]:
    moment = [1_800_000_000_000]
    clock.use(lambda: moment[0])
    yield moment
    clock.use(None)


@pytest.fixture
def provider() -> MemoryKeys:
    return MemoryKeys()


@pytest.fixture
def store() -> MemoryKeyStore:
    return MemoryKeyStore()


@pytest.fixture
def vault(provider: MemoryKeys, store: MemoryKeyStore, now: list[int]) -> Vault:
    return Vault(provider, store)


@pytest.mark.parametrize("secret", [b"", b"\0\xff", "pässword", "x" * 100_000, {"a": ["b", 1, None]}])
def test_a_secret_comes_back(vault: Vault, secret: bytes | str | dict[str, object]) -> None:
    sealed = vault.seal("w", "token|1|accessToken", secret)
    assert sealed.isascii()
    assert sealed.startswith("v1.000001.")
    if isinstance(secret, dict):
        assert vault.open_json("w", "token|1|accessToken", sealed) == secret
    else:
        assert vault.open("w", "token|1|accessToken", sealed) == (
            secret.encode() if isinstance(secret, str) else secret
        )


def test_equal_secrets_look_different(vault: Vault) -> None:
    assert vault.seal("w", "c", "same") != vault.seal("w", "c", "same")


def test_another_workspace_or_place_does_not_open_it(vault: Vault, store: MemoryKeyStore) -> None:
    sealed = vault.seal("w", "token|1", "secret")
    for place in ("token|2", "token|1|", "", "|token|1"):
        with pytest.raises(SealBroken):
            vault.open("w", place, sealed)
    with pytest.raises(SealBroken):
        vault.open("v", "token|1", sealed)
    vault.seal("v", "token|1", "other")
    with pytest.raises(SealBroken):
        vault.open("v", "token|1", sealed)
    store.kept["v"] = store.kept["w"]  # even with the wrapped key copied over
    vault.forget()
    with pytest.raises(SealBroken):
        vault.open("v", "token|1", sealed)


def test_no_change_to_a_sealed_value_goes_unnoticed(vault: Vault) -> None:
    sealed = vault.seal("w", "c", "secret")
    vault.rotate("w")
    version, key_id, text = sealed.split(".")
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    for position in range(len(raw)):
        changed = bytes([*raw[:position], raw[position] ^ 0x10, *raw[position + 1 :]])
        with pytest.raises(SealBroken):
            vault.open("w", "c", f"{version}.{key_id}.{base64.urlsafe_b64encode(changed).decode().rstrip('=')}")
    wrong = ["", "v1", "v1.", "v1..", "v1.000001.", "secret", f"v2.{key_id}.{text}", f"v1.000002.{text}"]
    wrong += [f"v1.000009.{text}", f"v1.000001.{text[:-3]}", "v1.000001.ä", "v1.000001.AA", f"{sealed}!", f"v1.{text}"]
    for other in wrong:
        with pytest.raises(SealBroken):
            vault.open("w", "c", other)


@pytest.mark.parametrize("other", ["", "v1", "v1.", "v1..", "v1.000001.", "secret", "v2.000001.AAAA", "v1..AAAA"])
def test_what_is_no_sealed_value_is_known_by_its_form(vault: Vault, store: MemoryKeyStore, other: str) -> None:
    with pytest.raises(SealBroken, match="not a sealed value"):
        vault.open("w", "c", other)
    assert store.calls == 0


def test_old_values_open_after_rotation(vault: Vault, provider: MemoryKeys, store: MemoryKeyStore) -> None:
    old = vault.seal("w", "c", "one")
    assert vault.rotate("w") == "000002"
    new = vault.seal("w", "c", "two")
    assert new.startswith("v1.000002.")
    for reader in (vault, Vault(provider, store)):
        assert [reader.open("w", "c", sealed) for sealed in (old, new)] == [b"one", b"two"]
    assert vault.rotate("empty") == "000001"


def test_plain_keys_are_kept_for_five_minutes(
    vault: Vault, provider: MemoryKeys, store: MemoryKeyStore, now: list[int]
) -> None:
    sealed = vault.seal("w", "c", "x")
    before = (provider.calls, store.calls)
    now[0] += vaults.CACHE_MS - 1
    vault.open("w", "c", sealed)
    vault.seal("w", "c", "y")
    assert (provider.calls, store.calls) == before
    now[0] += 1
    vault.open("w", "c", sealed)
    vault.seal("w", "c", "y")
    assert (provider.calls, store.calls) == (before[0] + 2, before[1] + 2)
    now[0] -= 10_000  # a clock that goes back ends the cache too
    vault.open("w", "c", sealed)
    assert provider.calls == before[0] + 3


def test_another_process_seals_with_the_new_key_after_five_minutes(
    vault: Vault, provider: MemoryKeys, store: MemoryKeyStore, now: list[int]
) -> None:
    other = Vault(provider, store)
    other.seal("w", "c", "x")
    vault.rotate("w")
    assert other.seal("w", "c", "x").startswith("v1.000001.")
    now[0] += vaults.CACHE_MS
    assert other.seal("w", "c", "x").startswith("v1.000002.")


def test_a_value_that_cannot_be_opened_makes_no_key(vault: Vault, store: MemoryKeyStore) -> None:
    sealed = vault.seal("w", "c", "x")
    with pytest.raises(SealBroken):
        vault.open("v", "c", sealed)
    assert set(store.kept) == {"w"}


def test_what_is_forgotten_is_asked_for_again(vault: Vault, provider: MemoryKeys) -> None:
    sealed = vault.seal("w", "c", "x")
    before = provider.calls
    vault.forget()
    assert vault.open("w", "c", sealed) == b"x"
    assert provider.calls == before + 1


@pytest.mark.parametrize("is_renewed", [False, True])
def test_the_keys_that_leave_memory_first_are_those_unused_for_longest(
    vault: Vault, provider: MemoryKeys, now: list[int], is_renewed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vaults, "CACHE_SIZE", 4)  # each workspace has two places: the key by its id, and the current
    sealed = {name: vault.seal(name, "c", "x") for name in ("a", "b")}
    now[0] += vaults.CACHE_MS if is_renewed else 0
    vault.open("a", "c", sealed["a"])
    vault.seal("a", "c", "x")
    sealed["c"] = vault.seal("c", "c", "x")
    before = provider.calls
    for name in ("a", "c"):
        vault.open(name, "c", sealed[name])
        vault.seal(name, "c", "x")
    assert provider.calls == before
    vault.open("b", "c", sealed["b"])
    assert provider.calls == before + 1


def test_memory_stays_bounded(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vaults, "CACHE_SIZE", 10)
    sealed = {f"w{number}": vault.seal(f"w{number}", "c", "x") for number in range(50)}
    assert len(vault._cache) == 10
    assert {vault.open(workspace_id, "c", text) for workspace_id, text in sealed.items()} == {b"x"}


def test_whoever_is_slower_uses_the_key_of_the_faster(
    vault: Vault, provider: MemoryKeys, store: MemoryKeyStore
) -> None:
    barrier = threading.Barrier(8)
    add = store.add

    def add_together(workspace_id: str, key: WrappedKey) -> WrappedKey:
        barrier.wait(5)
        return add(workspace_id, key)

    store.add = add_together  # type: ignore[method-assign]
    sealed: list[str] = []
    threads = [
        threading.Thread(target=lambda: sealed.append(Vault(provider, store).seal("w", "c", "x"))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(store.kept["w"]) == 1
    assert [vault.open("w", "c", text) for text in sealed] == [b"x"] * 8


def test_a_lost_master_key_is_a_broken_seal(store: MemoryKeyStore, tmp_path: Path) -> None:
    sealed = Vault(FileKeys(tmp_path / "one.key"), store).seal("w", "c", "x")
    with pytest.raises(SealBroken):
        Vault(FileKeys(tmp_path / "two.key"), store).open("w", "c", sealed)


def test_messages_hold_no_secret(vault: Vault) -> None:
    sealed = vault.seal("w", "c", "s3cret")
    with pytest.raises(SealBroken) as broken:
        vault.open("w", "d", sealed)
    assert sealed not in str(broken.value)


def test_a_value_is_bound_to_its_workspace_even_under_the_same_data_key(
    provider: MemoryKeys, store: MemoryKeyStore, now: list[int]
) -> None:
    sealed = Vault(provider, store).seal("w", "token|1", "secret")
    ((_, wrapped), plain), *_ = provider.made.items()
    provider.made["other", wrapped] = plain
    store.kept["other"] = store.kept["w"]
    with pytest.raises(SealBroken):
        Vault(provider, store).open("other", "token|1", sealed)
