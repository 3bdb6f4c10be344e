"""Makes the platform send every kind of request to a bot and an integration, and gives what was sent."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

import pytest

from chalicelib.adapters import http_client
from chalicelib.adapters.http_client import Headers, Request, Response
from chalicelib.chat import workers
from tests.client import Client
from tests.queues import drain

BOT_URL, URL = "https://bot.example.com/", "https://integration.example.com/"
NAMES = {
    "register": "integrationRegister",
    "unregister": "integrationUnregister",
    "message_created": "integrationMessageCreated",
    "action_triggered": "integrationActionTriggered",
    "webhook_received": "integrationWebhookReceived",
    "create_user": "integrationCreateUser",
    "create_conversation": "integrationCreateConversation",
    "event_received": "botEventReceived",
    "ping": "ping",
}
Seen = dict[str, list[tuple[dict[str, str], Any]]]


def sent_requests(client: Client, monkeypatch: pytest.MonkeyPatch) -> Seen:
    """Give headers and body of every request, by the contract's name for it."""
    seen: Seen = defaultdict(list)
    answers: dict[str, Any] = {"action_triggered": {"output": {}}}

    def send(_workspace: str, request: Request) -> Response:
        operation = request.headers["x-bp-operation"]
        seen[NAMES[operation]].append((dict(request.headers), json.loads(request.body or b"")))
        return Response(200, Headers(()), json.dumps(answers.get(operation, {})).encode(), False, 1.0, request.url)

    monkeypatch.setattr(http_client, "send", send)
    creation = {"creation": {"enabled": True, "requiredTags": []}}
    made = client.post("/v1/admin/integrations", {
        "name": "chat", "version": "0.1.0", "dev": True, "url": URL, "user": creation,
        "channels": {"room": {"messages": {"text": {"schema": {}}}, "conversation": creation}},
        "actions": {"ask": {"input": {"schema": {}}, "output": {"schema": {}}}},
    }).ok()["integration"]["id"]  # fmt: skip
    bot = client.post("/v1/admin/bots", {"dev": True, "url": BOT_URL}).ok()["bot"]["id"]
    path = f"/v1/admin/bots/{bot}"
    shown = client.put(path, {"integrations": {made: {}}}).ok()["bot"]["integrations"][made]
    drain("chat_setup", workers.chat_setup)
    as_bot, as_integration = {"x-bot-id": bot}, {"x-bot-id": bot, "x-integration-id": made}
    user = client.post("/v1/chat/users", {"tags": {}}, headers=as_integration).body["user"]["id"]
    body = {"channel": "room", "tags": {}}
    room = client.post("/v1/chat/conversations", body, headers=as_integration).body["conversation"]["id"]
    answers |= {"create_user": {"user": {"id": user}}, "create_conversation": {"conversation": {"id": room}}}
    client.post("/v1/chat/users", {"tags": {}, "integrationName": "chat"}, headers=as_bot)
    client.post("/v1/chat/conversations", {**body, "integrationName": "chat"}, headers=as_bot)
    for speaker, headers in ((user, as_integration), (bot, as_bot)):
        said = {"userId": speaker, "conversationId": room, "type": "text", "payload": {"text": "x"}, "tags": {}}
        client.post("/v1/chat/messages", said, headers=headers)
    client.post("/v1/chat/actions", {"type": "chat:ask", "input": {}}, headers=as_bot).ok()
    client.post(shown["webhookUrl"].partition("1290")[2], {"a": 1}, key=None)
    drain("chat_deliver", workers.chat_deliver)
    client.post(f"{path}/ping").ok()
    client.post(f"/v1/admin/integrations/{made}/ping").ok()
    client.put(path, {"integrations": {made: None}}).ok()
    drain("chat_setup", workers.chat_setup)
    return dict(seen)
