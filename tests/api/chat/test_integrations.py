"""Integrations: versions, channels in both spellings, the hub, icons and readmes."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.client import Client

TEXT = {"schema": {"type": "object", "properties": {"text": {"type": "string"}}}}
SVG = base64.b64encode(b"<svg xmlns='http://www.w3.org/2000/svg'/>").decode()


def make(client: Client, name: str = "slack", version: str = "0.1.0", **body: Any) -> dict[str, Any]:
    return client.post("/v1/admin/integrations", {"name": name, "version": version, **body}).ok()["integration"]


def test_both_spellings_of_tags_are_read_and_shown(client: Client) -> None:
    older = {"tags": {"messages": ["ts"], "conversations": ["id"]}, "messages": {"text": TEXT}}
    later = {
        "messages": {"text": TEXT},
        "message": {"tags": {"ts": {"title": "Time"}}},
        "conversation": {"tags": {"id": {}}, "creation": {"enabled": True, "requiredTags": ["id"]}},
    }
    made = make(client, channels={"older": older, "later": later}, tags={"users": ["id"]})
    assert made["channels"]["older"]["message"] == {"tags": {"ts": {}}}
    assert made["channels"]["later"]["tags"] == {"messages": ["ts"], "conversations": ["id"]}
    assert made["channels"]["later"]["conversation"]["creation"] == {"enabled": True, "requiredTags": ["id"]}
    assert made["user"] == {"creation": {"enabled": False, "requiredTags": []}, "tags": {"id": {}}}
    assert made["tags"] == {"users": ["id"]}


def test_an_update_merges_channels_and_keeps_name_version_and_dev(client: Client) -> None:
    made = make(client, channels={"chat": {"messages": {"text": TEXT, "image": TEXT}}}, events={"opened": TEXT})
    path = f"/v1/admin/integrations/{made['id']}"
    body = {"name": "other", "version": "9.9.9", "dev": True, "channels": {"chat": {"messages": {"image": None}}}}
    changed = client.put(path, {**body, "events": {"opened": None}, "title": "Slack"}).ok()["integration"]
    assert (changed["name"], changed["version"], changed["dev"]) == ("slack", "0.1.0", False)
    assert (list(changed["channels"]["chat"]["messages"]), changed["events"]) == (["text"], {})
    assert changed["title"] == "Slack"
    assert client.put(path, {"channels": {"chat": None}}).ok()["integration"]["channels"] == {}


def test_latest_is_the_highest_version_not_the_youngest(client: Client) -> None:
    for version in ("0.2.0", "0.10.0", "0.9.9", "0.10.0-rc.1"):
        make(client, version=version)
    found = client.get("/v1/admin/integrations/slack/latest").ok()["integration"]
    assert found["version"] == "0.10.0"
    assert client.get("/v1/admin/integrations/slack/0.9.9").ok()["integration"]["version"] == "0.9.9"
    assert client.get("/v1/admin/integrations/slack/7.0.0").body["type"] == "ResourceNotFound"
    assert client.get("/v1/admin/integrations/nobody/latest").status == 404
    listed = client.get("/v1/admin/integrations", query={"name": "slack", "version": "latest"}).ok()
    assert [one["version"] for one in listed["integrations"]] == ["0.10.0"]


@pytest.mark.parametrize("place", ["integrations", "hub/integrations"])
def test_latest_without_a_name_is_the_highest_of_each_name(client: Client, place: str) -> None:
    for name in ("slackly", "smsly"):
        for version in ("0.2.0", "0.10.0", "0.9.0"):
            make(client, name=name, version=version, public=True)
    listed = client.get(f"/v1/admin/{place}", query={"version": "latest"}).ok()
    assert [(one["name"], one["version"]) for one in listed["integrations"]] == [
        ("smsly", "0.10.0"),
        ("slackly", "0.10.0"),
    ]
    assert listed["meta"] == {}


def test_latest_without_a_name_is_paged(client: Client) -> None:
    for number in range(22):
        make(client, name=f"name{number}")
    first = client.get("/v1/admin/integrations", query={"version": "latest"}).ok()
    assert len(first["integrations"]) == 20
    rest = client.get("/v1/admin/integrations", query={"version": "latest", **first["meta"]}).ok()
    assert [one["name"] for one in rest["integrations"]] == ["name1", "name0"]


def test_a_new_channel_says_what_it_carries(client: Client) -> None:
    body = {"name": "sms", "version": "0.1.0", "channels": {"chat": {"title": "Chat"}}}
    answer = client.post("/v1/admin/integrations", body)
    assert (answer.body["type"], answer.body["message"]) == (
        "InvalidPayload",
        "channels.chat.messages: is required",
    )
    path = f"/v1/admin/integrations/{make(client, channels={'chat': {'messages': {'text': TEXT}}})['id']}"
    kept = client.put(path, {"channels": {"chat": {"title": "Chat"}}}).ok()["integration"]["channels"]["chat"]
    assert (kept["title"], list(kept["messages"])) == ("Chat", ["text"])


def test_a_field_of_null_in_a_definition_is_left_out(client: Client) -> None:
    made = make(
        client,
        events={"opened": {**TEXT, "title": None, "description": "d"}},
        actions={"ask": {"title": None, "input": TEXT, "output": TEXT}},
        channels={"chat": {"title": None, "messages": {}}},
    )
    assert made["events"] == {"opened": {**TEXT, "description": "d"}}
    assert ("title" in made["actions"]["ask"], "title" in made["channels"]["chat"]) == (False, False)


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ({"name": "Slack", "version": "0.1.0"}, 400, "InvalidIdentifier"),
        ({"name": "sl", "version": "one"}, 400, "InvalidPayload"),
        ({"name": "slack"}, 400, "InvalidPayload"),
        ({"name": "slack", "version": "0.1.0"}, 409, "AlreadyExists"),
        ({"name": "sms", "version": "0.1.0", "events": {"x": TEXT}}, 400, "InvalidIdentifier"),
        ({"name": "sms", "version": "0.1.0", "configuration": {"schema": {"type": 3}}}, 400, "InvalidJsonSchema"),
        ({"name": "sms", "version": "0.1.0", "icon": "***"}, 400, "InvalidPayload"),
        ({"name": "sms", "version": "0.1.0", "icon": base64.b64encode(b"GIF89a").decode()}, 400, "InvalidPayload"),
        ({"name": "sms", "version": "0.1.0", "url": "https://example.com"}, 400, "InvalidPayload"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(client: Client, body: dict[str, Any], status: int, kind: str) -> None:
    make(client)
    answer = client.post("/v1/admin/integrations", body)
    assert (answer.status, answer.body["type"]) == (status, kind)


def test_icon_of_all_versions_and_readme_of_one_are_read_without_a_key(client: Client) -> None:
    first = make(client, icon=SVG, readme=base64.b64encode(b"# One").decode())
    second = make(client, version="0.2.0")
    assert second["iconUrl"] == first["iconUrl"] != ""
    assert (first["readmeUrl"] != "", second["readmeUrl"]) == (True, "")
    icon = client.get(first["iconUrl"].partition("1290")[2], key=None)
    assert (icon.status, icon.headers["content-type"]) == (200, "image/svg+xml")
    assert "sandbox" in icon.headers["content-security-policy"]
    assert client.get(first["readmeUrl"].partition("1290")[2], key=None).body == "# One"
    assert client.get("/v1/chat/assets/unknown", key=None).body["type"] == "ResourceNotFound"


def test_the_hub_shows_what_is_public_to_everybody_and_nothing_private(client: Client, stranger: Client) -> None:
    public = make(client, "news", public=True, code="function handler(request) {}")
    hidden = make(client, "diary")
    listed = stranger.get("/v1/admin/hub/integrations", query={"name": "news"}).ok()["integrations"]
    assert [one["id"] for one in listed] == [public["id"]]
    shown = stranger.get("/v1/admin/hub/integrations/news/latest").ok()["integration"]
    assert (shown["id"], "signingSecret" in shown) == (public["id"], False)
    assert stranger.get(f"/v1/admin/hub/integrations/{public['id']}").ok()["integration"]["name"] == "news"
    assert stranger.get(f"/v1/admin/hub/integrations/{hidden['id']}").status == 404
    assert stranger.get(f"/v1/admin/integrations/{public['id']}").status == 404
    client.put(f"/v1/admin/integrations/{public['id']}", {"public": False}).ok()
    assert stranger.get("/v1/admin/hub/integrations", query={"name": "news"}).ok()["integrations"] == []


def test_the_hub_shows_by_id_what_its_owner_alone_may_see_to_nobody(client: Client, stranger: Client) -> None:
    public = make(client, public=True, code="whatever()")
    shown = stranger.get(f"/v1/admin/hub/integrations/{public['id']}").ok()["integration"]
    assert ("signingSecret" in shown, "codeNote" in shown) == (False, False)
    assert ("signingSecret" in public, "codeNote" in public) == (True, True)


def test_a_public_name_belongs_to_one_workspace(client: Client, stranger: Client) -> None:
    make(client, "mail", public=True)
    taken = stranger.post("/v1/admin/integrations", {"name": "mail", "version": "0.1.0", "public": True})
    assert (taken.status, taken.body["type"]) == (409, "AlreadyExists")
    private = make(stranger, "mail")
    changed = stranger.put(f"/v1/admin/integrations/{private['id']}", {"public": True})
    assert changed.body["type"] == "AlreadyExists"


def test_an_installed_version_cannot_be_deleted(client: Client) -> None:
    made = make(client)
    bot = client.post("/v1/admin/bots", {}).ok()["bot"]
    client.put(f"/v1/admin/bots/{bot['id']}", {"integrations": {made["id"]: {}}}).ok()
    answer = client.delete(f"/v1/admin/integrations/{made['id']}")
    assert (answer.status, answer.body["type"]) == (409, "RelationConflict")
    other = make(client, version="0.2.0")
    assert client.delete(f"/v1/admin/integrations/{other['id']}").ok() == {}
    assert client.get(f"/v1/admin/integrations/{other['id']}").status == 404
    assert make(client, version="0.2.0")["id"] != other["id"]
