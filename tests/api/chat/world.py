"""A bot with one integration installed in it, and calls in the name of either."""

from __future__ import annotations

from typing import Any

from tests.client import Answer, Client

TEXT = {"schema": {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}}
OPEN = {"schema": {"type": "object"}}
KINDS = ("audio", "card", "carousel", "choice", "dropdown", "file", "image", "location", "markdown", "video")
URL = "https://integration.example.com/"
BOT_URL = "https://bot.example.com/"
Json = dict[str, Any]


class World:
    """A dev bot at BOT_URL, and a dev integration `chat` at URL with one channel `room`."""

    def __init__(self, client: Client, **bot: Any) -> None:
        self.client = client
        body = {
            "dev": True,
            "url": BOT_URL,
            "tags": {"users": ["plan"], "messages": ["seen"], "conversations": ["topic"]},
        }
        made = client.post("/v1/admin/bots", {**body, "events": {"tick": OPEN}, **bot}).ok()["bot"]
        self.bot, self.secret = made["id"], made["signingSecret"]
        self.integration = self.install("chat")

    def install(self, name: str, **more: Any) -> str:
        room = {
            "messages": {"text": TEXT, **dict.fromkeys(KINDS, OPEN)},
            "tags": {"messages": ["ts"], "conversations": ["id"]},
            "conversation": {"creation": {"enabled": True, "requiredTags": ["id"]}},
        }
        body = {
            "name": name, "version": "0.1.0", "dev": True, "url": URL, "channels": {"room": room, "other": room},
            "tags": {"users": ["id", "mail"]}, "events": {"opened": TEXT},
            "user": {"creation": {"enabled": True, "requiredTags": ["id"]}}, **more,
        }  # fmt: skip
        made = self.client.post("/v1/admin/integrations", body).ok()["integration"]["id"]
        self.client.put(f"/v1/admin/bots/{self.bot}", {"integrations": {made: {}}}).ok()
        return str(made)

    def as_bot(self, method: str, path: str, body: Any = None, **more: Any) -> Answer:
        return self.client.send(method, f"/v1/chat{path}", body, headers={"x-bot-id": self.bot}, **more)

    def as_integration(self, method: str, path: str, body: Any = None, *, by: str = "", **more: Any) -> Answer:
        headers = {"x-bot-id": self.bot, "x-integration-id": by or self.integration}
        return self.client.send(method, f"/v1/chat{path}", body, headers=headers, **more)

    def user(self, **tags: str) -> Json:
        answer = self.as_integration("POST", "/users", {"tags": spelled(tags)})
        assert answer.status == 201, answer.body
        return dict(answer.body["user"])

    def conversation(self, **tags: str) -> Json:
        answer = self.as_integration("POST", "/conversations", {"channel": "room", "tags": spelled(tags)})
        assert answer.status == 201, answer.body
        return dict(answer.body["conversation"])

    def message_body(self, user: str, conversation: str, text: str = "hi", **more: Any) -> Json:
        body = {"userId": user, "conversationId": conversation, "type": "text", "payload": {"text": text}, "tags": {}}
        return {**body, **more}

    def hear(self, user: str, conversation: str, text: str = "hi", **more: Any) -> Json:
        """Let the integration bring a message in."""
        answer = self.as_integration("POST", "/messages", self.message_body(user, conversation, text, **more))
        assert answer.status == 201, answer.body
        return dict(answer.body["message"])

    def say(self, conversation: str, text: str = "hello", **more: Any) -> Json:
        """Let the bot say something."""
        answer = self.as_bot("POST", "/messages", self.message_body(self.bot, conversation, text, **more))
        assert answer.status == 201, answer.body
        return dict(answer.body["message"])

    def ids(self, noun: str, query: str = "", *, by_bot: bool = True) -> list[str]:
        """List all pages."""
        found, token = [], ""
        while True:
            more = f"nextToken={token}" if token else ""
            path = f"/{noun}?{'&'.join(part for part in (query, more) if part)}"
            body = (self.as_bot if by_bot else self.as_integration)("GET", path).ok()
            found += [one["id"] for one in body[noun]]
            token = body["meta"].get("nextToken", "")
            if not token:
                return found


def spelled(tags: dict[str, str]) -> dict[str, str]:
    """Put the integration's name before the names of tags."""
    return {f"chat:{name}": value for name, value in tags.items()}
