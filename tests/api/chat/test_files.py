"""Files: stored whole, private or public, listed and deleted; and what is refused."""

from __future__ import annotations

import base64
import dataclasses
from typing import Any

import pytest

from chalicelib.adapters import blobs
from chalicelib.chat import erasing
from chalicelib.chat import files as chat_files
from chalicelib.chat.models import files as stored_files
from chalicelib.chat.models import leftovers
from chalicelib.core import config
from chalicelib.core.errors import NotFound, Unavailable
from chalicelib.storage import table
from chalicelib.storage.tables import CHAT
from tests.api.chat.world import World
from tests.client import Answer, Client, event
from tests.counting import counting

DATA = bytes(range(256)) * 4


def upload(world: World, data: bytes = DATA, **more: Any) -> Answer:
    body = {"botId": world.bot, "contents": base64.b64encode(data).decode(), "name": "a.bin", "accessType": "private"}
    return world.client.post("/v1/storage/files", {**body, **more})


def bytes_of(path: str, key: str | None, **headers: str) -> tuple[int, bytes, dict[str, str]]:
    """Ask as a client that takes anything, and undo the gateway's base64."""
    import app

    sent = {"accept": "application/json, text/plain, */*", **headers, **({"api_key": key} if key else {})}
    answer = app.app(event("GET", path, headers=sent), None)
    body = answer["body"]
    raw = base64.b64decode(body) if answer.get("isBase64Encoded") else body.encode()
    return answer["statusCode"], raw, {name.lower(): str(value) for name, value in answer["headers"].items()}


def test_a_file_is_stored_shown_downloaded_listed_and_deleted(world: World) -> None:
    made = upload(world).ok()["file"]
    assert (made["size"], made["accessType"], made["botId"]) == (1024, "private", world.bot)
    assert "publicUrl" not in made
    path = f"/v1/storage/files/{made['id']}"
    assert world.client.get(path).ok()["file"] == made
    status, raw, headers = bytes_of(f"{path}/download", world.client.key)
    assert (status, raw, headers["content-type"]) == (200, DATA, "application/octet-stream")
    assert headers["content-disposition"].startswith("attachment")
    assert world.client.get("/v1/storage/files", query={"botId": world.bot}).ok()["files"] == [made]
    assert world.client.delete(path).ok() == {}
    assert world.client.get(path).body["type"] == "ResourceNotFound"
    assert bytes_of(f"{path}/download", world.client.key)[0] == 404


def test_a_public_file_is_read_without_a_token_and_a_private_one_is_not(world: World) -> None:
    public = upload(world, accessType="public", name="a b.png").ok()["file"]
    address = public["publicUrl"].partition("1290")[2]
    status, raw, headers = bytes_of(address, None)
    assert (status, raw, headers["content-type"]) == (200, DATA, "image/png")
    assert headers["content-disposition"] == "inline; filename*=UTF-8''a%20b.png"
    assert headers["x-content-type-options"] == "nosniff"
    private = upload(world).ok()["file"]["id"]
    assert world.client.get(f"/v1/storage/public/{private}", key=None).body["type"] == "ResourceNotFound"
    assert world.client.get("/v1/storage/public/nobody", key=None).status == 404


@pytest.mark.parametrize("name", ["a.html", "a.svg", "a.js", "a.xml"])
def test_what_a_browser_would_run_is_only_offered_for_saving(world: World, name: str) -> None:
    address = upload(world, accessType="public", name=name).ok()["file"]["publicUrl"].partition("1290")[2]
    _, _, headers = bytes_of(address, None)
    assert headers["content-type"] == "application/octet-stream"
    assert headers["content-disposition"].startswith("attachment")


def test_a_client_that_names_no_type_gets_the_bytes_too(world: World) -> None:
    made = upload(world).ok()["file"]["id"]
    import app

    sent = event("GET", f"/v1/storage/files/{made}/download", headers={"api_key": world.client.key})
    answer = app.app(sent, None)
    assert (answer["statusCode"], base64.b64decode(answer["body"])) == (200, DATA)


@pytest.mark.parametrize(
    ("more", "status", "kind"),
    [
        ({"botId": "nobody"}, 400, "ReferenceNotFound"),
        ({"contents": "***"}, 400, "InvalidPayload"),
        ({"contents": 1}, 400, "InvalidPayload"),
        ({"accessType": "secret"}, 400, "InvalidPayload"),
        ({"name": "x" * 256}, 400, "InvalidPayload"),
        ({"name": "a\r\nb"}, 400, "InvalidPayload"),
    ],
)
def test_what_cannot_be_stored_is_named(world: World, more: dict[str, Any], status: int, kind: str) -> None:
    answer = upload(world, **more)
    assert (answer.status, answer.body["type"]) == (status, kind)


def test_ten_megabytes_are_taken_and_one_byte_more_is_not(world: World) -> None:
    assert upload(world, b"x" * 10_485_760).ok()["file"]["size"] == 10_485_760
    answer = upload(world, b"x" * 10_485_761)
    assert (answer.status, answer.body["type"]) == (413, "PayloadTooLarge")


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the files of a bot have 2,500 bytes together."""
    changed = dataclasses.replace(config.settings(), chat_files_bytes=2_500)
    monkeypatch.setattr(chat_files, "settings", lambda: changed)


def test_the_files_of_a_bot_have_so_many_bytes_together(world: World, small: None) -> None:
    made = [upload(world).ok()["file"]["id"] for _ in range(2)]
    with counting() as calls:
        answer = upload(world)
    assert (answer.status, answer.body["type"]) == (413, "PayloadTooLarge")
    assert "2500 bytes together" in answer.body["message"]
    assert calls["writes"] == 0
    assert upload(world, b"x" * 452).status == 200
    other = world.client.post("/v1/admin/bots", {}).ok()["bot"]["id"]
    assert upload(world, botId=other).status == 200
    world.client.delete(f"/v1/storage/files/{made[0]}").ok()
    assert world.client.delete(f"/v1/storage/files/{made[0]}").status == 404  # and is given back once
    assert upload(world).status == 200
    assert upload(world, b"x").status == 413
    assert stored_files.used_bytes(world.client.key, world.bot) == 2_500


def test_a_file_that_is_sent_twice_under_one_key_counts_once(world: World) -> None:
    for _ in range(2):
        upload(world).ok()
    body = {"botId": world.bot, "contents": "eA==", "name": "a", "accessType": "private"}
    for _ in range(2):
        world.client.post("/v1/storage/files", body, headers={"idempotency-key": "once"}).ok()
    assert stored_files.used_bytes(world.client.key, world.bot) == 2 * len(DATA) + 1


def test_a_file_under_a_key_has_the_same_id_whenever_it_is_sent_and_any_other_one_of_its_own(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chalicelib.core.ids.new_ordered_uuid", lambda: "minted")
    assert upload(world).ok()["file"]["id"] == f"minted.{world.bot}"
    body = {"botId": world.bot, "contents": "eA==", "name": "a", "accessType": "private"}
    keyed = world.client.post("/v1/storage/files", body, headers={"idempotency-key": "k"}).ok()["file"]["id"]
    assert keyed.endswith(f".{world.bot}") and not keyed.startswith("minted")


def test_of_two_uploads_for_the_last_place_one_is_refused_and_leaves_nothing(
    world: World, small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(world).ok()
    put, raced = blobs.FolderBlobs.put, []

    def meanwhile(self: Any, room: str, data: bytes) -> str:
        name = put(self, room, data)
        if not raced:
            raced.append((room, name))
            upload(world).ok()
        return name

    monkeypatch.setattr(blobs.FolderBlobs, "put", meanwhile)
    answer = upload(world)
    assert (answer.status, answer.body["type"]) == (413, "PayloadTooLarge")
    with pytest.raises(NotFound):
        blobs.blobs().get(*raced[0])
    assert len(world.client.get("/v1/storage/files", query={"botId": world.bot}).ok()["files"]) == 2


def test_uploads_that_meet_at_the_count_are_tried_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    transact, refused = table.transact, []

    def busy(writes: Any, token: str) -> None:
        if len(refused) < 3:
            refused.append(token)
            raise Unavailable("another change was under way")
        transact(writes, token)

    monkeypatch.setattr(table, "transact", busy)
    assert upload(world).status == 200
    assert len(set(refused)) == 1  # the same request, so that one whose answer was lost is not counted twice


def test_a_deleted_bot_leaves_no_count(world: World) -> None:
    upload(world).ok()
    world.client.delete(f"/v1/admin/bots/{world.bot}").ok()
    home = world.client.key
    while not (erasing._drop_files(home, world.bot) and leftovers.drop_page(home, world.bot)):
        continue
    assert CHAT.query(f"{home}#FN#{world.bot}").rows == []


def test_files_of_equal_content_go_one_by_one(world: World) -> None:
    first, second = upload(world).ok()["file"]["id"], upload(world).ok()["file"]["id"]
    world.client.delete(f"/v1/storage/files/{first}").ok()
    assert bytes_of(f"/v1/storage/files/{second}/download", world.client.key)[1] == DATA


def test_the_content_of_a_deleted_file_is_gone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    put, places = blobs.FolderBlobs.put, []

    def noted(own: blobs.FolderBlobs, room: str, data: bytes) -> str:
        places.append((room, put(own, room, data)))
        return places[-1][1]

    monkeypatch.setattr(blobs.FolderBlobs, "put", noted)
    made = upload(world).ok()["file"]["id"]
    assert blobs.blobs().get(*places[0]) == DATA
    world.client.delete(f"/v1/storage/files/{made}").ok()
    with pytest.raises(NotFound):
        blobs.blobs().get(*places[0])


def test_strangers_and_other_bots_see_no_file(world: World, stranger: Client) -> None:
    made = upload(world).ok()["file"]["id"]
    other = world.client.post("/v1/admin/bots", {}).ok()["bot"]["id"]
    key = world.client.post(f"/v1/admin/bots/{other}/keys").ok()["token"]
    for client, more in ((stranger, {}), (world.client, {"key": key})):
        assert client.get(f"/v1/storage/files/{made}", **more).body["type"] == "ResourceNotFound"
        assert client.delete(f"/v1/storage/files/{made}", **more).status == 404
        assert client.get("/v1/storage/files", query={"botId": world.bot}, **more).status == 404
    assert world.client.get("/v1/storage/files").body["type"] == "InvalidQuery"
    own = world.client.post(f"/v1/admin/bots/{world.bot}/keys").ok()["token"]
    assert world.client.get(f"/v1/storage/files/{made}", key=own).status == 200


def test_on_the_cloud_a_download_leads_to_the_bucket(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    made = upload(world, name='a"b.bin').ok()["file"]["id"]
    asked: list[Any] = []

    def address(_self: Any, *where: Any) -> str:
        asked.extend(where)
        return "https://bucket.example.com/signed"

    monkeypatch.setattr(blobs.FolderBlobs, "address", address)
    answer = world.client.get(f"/v1/storage/files/{made}/download")
    assert (answer.status, answer.headers["location"]) == (302, "https://bucket.example.com/signed")
    assert asked[2:] == [300, "a%22b.bin", "application/octet-stream"]
