"""API keys: shown once, never more than their maker, rotated with an overlap, revoked for good."""

from __future__ import annotations

from typing import Any

from chalicelib.core.call import Caller
from chalicelib.edge.auth import SCOPES
from chalicelib.identity import public as identity
from chalicelib.storage.tables import IDENTITY
from tests.client import Client
from tests.conftest import Clock


def make_key(client: Client, *scopes: str, **fields: Any) -> dict[str, Any]:
    made: dict[str, Any] = client.post("/v1/admin/keys", {"name": "k", "scopes": list(scopes), **fields}).ok()
    return made


def test_a_key_works_within_its_scopes(client: Client) -> None:
    made = make_key(client, "read")
    assert made["key"].startswith("mk_") and len(made["key"]) == 46
    assert client.get("/v1/service", key=made["key"]).status == 200
    assert client.post("/v1/user", {"userId": "u"}, key=made["key"]).status == 403
    assert client.get("/v1/admin/keys", key=made["key"]).status == 403


def test_every_spelling_of_the_credential_is_equal(client: Client) -> None:
    key = make_key(client, "read")["key"]
    for headers in ({"x-api-key": key}, {"authorization": f"ApiKey {key}"}, {"Authorization": f"Bearer {key}"}):
        assert client.get("/v1/service", key=None, headers=headers).status == 200
    assert client.get("/v1/service", key=None).status == 401
    assert client.get("/v1/service", key="mk_" + "A" * 43).status == 401
    assert client.get("/v1/service", key="nonsense").status == 401


def test_the_list_never_shows_a_key_and_no_table_holds_it(client: Client, workspace: str) -> None:
    made = make_key(client, "read", "run", expiresInSeconds=3600)
    (shown,) = client.get("/v1/admin/keys").ok()
    assert "key" not in shown
    assert (shown["id"], shown["last4"], shown["scopes"]) == (made["id"], made["key"][-4:], ["read", "run"])
    assert shown["expiresAt"] is not None
    assert made["key"] not in str(IDENTITY.query_all(f"{workspace}#KEYS"))


def test_a_key_cannot_hand_out_what_it_lacks(client: Client) -> None:
    admin = make_key(client, "admin")["key"]
    powerful = make_key(client, "read", "write")
    assert client.post("/v1/admin/keys", {"scopes": ["read"]}, key=admin).status == 403
    assert client.post(f"/v1/admin/keys/{powerful['id']}/rotate", {}, key=admin).status == 403
    assert client.post("/v1/admin/keys", {"scopes": ["root"]}).status == 400
    assert client.post("/v1/admin/keys", {"scopes": []}).status == 400


def test_a_rotated_key_opens_until_the_overlap_ends(client: Client, still: Clock) -> None:
    old = make_key(client, "read")
    new = client.post(f"/v1/admin/keys/{old['id']}/rotate", {"overlapSeconds": 60}).ok()
    assert new["id"] == old["id"] and new["key"] != old["key"]
    for key in (old["key"], new["key"]):
        assert client.get("/v1/service", key=key).status == 200
    still.advance_s(61)
    assert client.get("/v1/service", key=old["key"]).status == 401
    assert client.get("/v1/service", key=new["key"]).status == 200


def test_a_key_expires(client: Client, still: Clock) -> None:
    key = make_key(client, "read", expiresInSeconds=60)["key"]
    assert client.get("/v1/service", key=key).status == 200
    still.advance_s(60)
    assert client.get("/v1/service", key=key).status == 401


def test_a_revoked_key_is_refused_and_so_is_its_rotated_text(client: Client) -> None:
    old = make_key(client, "read")
    new = client.post(f"/v1/admin/keys/{old['id']}/rotate", {}).ok()
    assert client.delete(f"/v1/admin/keys/{old['id']}").ok() == {}
    for key in (old["key"], new["key"]):
        assert client.get("/v1/service", key=key).status == 401
    assert client.delete(f"/v1/admin/keys/{old['id']}").status == 404


def test_keys_of_another_workspace_are_out_of_reach(client: Client, stranger: Client) -> None:
    made = make_key(client, "read")
    assert stranger.get("/v1/admin/keys").ok() == []
    assert stranger.delete(f"/v1/admin/keys/{made['id']}").status == 404


def test_a_repeated_creation_replays_the_key_from_a_sealed_row(client: Client) -> None:
    headers = {"Idempotency-Key": "make-key"}
    first = client.post("/v1/admin/keys", {"scopes": ["read"]}, headers=headers).ok()
    again = client.post("/v1/admin/keys", {"scopes": ["read"]}, headers=headers).ok()
    assert again == first


def test_whoever_ends_a_key_in_use_shuts_it_out_at_once(client: Client) -> None:
    revoked, rotated = make_key(client, "read"), make_key(client, "read")
    for made in (revoked, rotated):
        assert client.get("/v1/service", key=made["key"]).status == 200
    client.delete(f"/v1/admin/keys/{revoked['id']}").ok()
    client.post(f"/v1/admin/keys/{rotated['id']}/rotate", {"overlapSeconds": 0}).ok()
    for made in (revoked, rotated):
        assert client.get("/v1/service", key=made["key"]).status == 401


def test_the_keys_of_what_is_gone_end_and_no_others(client: Client, workspace: str) -> None:
    maker = Caller(workspace, "k", SCOPES)
    gone, other = (identity.make_subject_key(workspace, f"bot:{name}", "k", maker)[1] for name in ("gone", "other"))
    plain = make_key(client, "read")["key"]
    identity.end_subject_keys(workspace, "bot:gone")
    assert client.get("/v1/chat/messages", key=gone).status == 401
    assert client.get("/v1/chat/messages", key=other).status != 401
    assert client.get("/v1/service", key=plain).status == 200


def test_nothing_is_traded_for_what_only_looks_like_a_key(client: Client) -> None:
    made = make_key(client, "read")
    for text in ("mk_" + "A" * 43, "nonsense", made["key"][:-1]):
        sent = {"clientKey": made["id"], "clientSecret": text}
        assert client.post("/v1/authenticate", sent, key=None).status == 401


def test_callers_nobody_knows_share_no_idempotency_key(client: Client, stranger: Client) -> None:
    for caller in (client, stranger):
        made = make_key(caller, "read")
        sent = {"clientKey": made["id"], "clientSecret": made["key"]}
        answer = client.post("/v1/authenticate", sent, key=None, headers={"idempotency-key": "k"})
        assert answer.status == 200, answer
