"""One of everything on every surface, in one workspace: made through the API, with planted secrets in every place."""

from __future__ import annotations

import base64
import re
import secrets
import time
import uuid
from collections.abc import Callable
from typing import Any

from chalicelib.edge.failures import BOTPRESS, CONTACTFLOW
from chalicelib.edge.route import Route
from tests.attack.sending import Api, Pairs, Reply
from tests.journeys import email_step, end_step, joined, step_uuid, wait_step

Json = dict[str, Any]
USER = "ada@attack.example"
OPEN = {"schema": {"type": "object"}}
UNKNOWN = "00000000-0000-4000-8000-000000000000"
PATIENCE_S = 30.0


def planted(what: str, found: dict[str, str]) -> str:
    """Make a secret nobody could guess, and note where it was put."""
    return found.setdefault(what, f"planted{secrets.token_hex(16)}")


def least(schema: Json, shapes: Json | None = None) -> Any:
    """Make the least value a JSON Schema asks for, as far as its types go."""
    shapes = shapes or schema.get("$defs", {})
    if "$ref" in schema:
        return least(shapes[schema["$ref"].rpartition("/")[2]], shapes)
    if "anyOf" in schema or "oneOf" in schema:
        return least((schema.get("anyOf") or schema["oneOf"])[0], shapes)
    if "enum" in schema or "const" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    plain = {"string": "text", "integer": 1, "number": 1, "boolean": True, "array": []}
    if schema.get("type") in plain:
        return plain[schema["type"]]
    needed = schema.get("required", [])
    return {name: least(field, shapes) for name, field in schema.get("properties", {}).items() if name in needed}


def until(look: Callable[[], Any], what: str) -> Any:
    """Ask until there is an answer; the workers do their part meanwhile."""
    ends = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends:
        if found := look():
            return found
        time.sleep(0.1)
    raise AssertionError(f"{what} did not come about in {PATIENCE_S:.0f} s")


class Recorder(Api):
    """A caller whose bodies are kept: what made the world is what strangers send again."""

    bodies: list[tuple[str, str, Json]]

    def __init__(self, port: int, key: str | None, headers: Pairs = (), bodies: Any = None) -> None:
        super().__init__(port, key, headers)
        self.bodies = [] if bodies is None else bodies

    def also(self, *headers: tuple[str, str], key: str | None = "") -> Recorder:
        """Give the same caller with more headers."""
        return Recorder(self.port, self.key if key == "" else key, (*self.headers, *headers), self.bodies)

    def call(self, method: str, path: str, body: Any = None, **more: Any) -> Reply:
        """Send a request and keep its body."""
        if isinstance(body, dict):
            self.bodies.append((method, path, body))
        return super().call(method, path, body, **more)


class World:
    """A workspace with one of everything. `values` maps a path up to a variable to what stands there.

    `receiver` is the address of a server that the platform may call; `secrets` maps the place of every planted secret
    to its text.
    """

    def __init__(self, port: int, key: str, workspace: str, receiver: str) -> None:
        self.port, self.key, self.workspace, self.receiver = port, key, workspace, receiver
        self.values: dict[str, str] = {}
        self.secrets: dict[str, str] = {}
        self.ids: dict[str, str] = {}
        self.api = Recorder(port, key)

    def make(self) -> World:
        """Make everything, surface by surface."""
        self._interactor()
        self._automations()
        self._channels()
        self._chat()
        self._journeys()
        return self

    def move(self, port: int) -> None:
        """Go on where the platform listens now."""
        self.port = port
        self.api = Recorder(port, self.key, (), self.api.bodies)
        self.flow = self.api.also(("Node", self.ids["node"]))

    def secret(self, what: str) -> str:
        """Plant a secret."""
        return planted(what, self.secrets)

    def headers(self, surface: str, row: Route | None = None) -> Pairs:
        """Give the headers without which the surface does not know where it is asked."""
        if surface == CONTACTFLOW:
            return (("Node", self.ids.get("node", UNKNOWN)),)
        if surface == BOTPRESS and row is not None and row.path.startswith("/v1/chat/"):
            return (("x-bot-id", self.ids["bot"]), ("x-integration-id", self.ids["integration"]))
        return ()

    def path(self, row: Route, **other: str) -> str:
        """Fill in the path of a row with what is there; `other` replaces single variables."""
        filled = ""
        for part in re.split(r"({\w+})", row.path):
            if not part.startswith("{"):
                filled += part
                continue
            before = re.sub(r"{\w+}", "{}", row.path[: row.path.index(part)]).rstrip("/")
            filled += other.get(part[1:-1]) or self.values.get(before, UNKNOWN)
        return filled

    def body(self, row: Route) -> Json:
        """Give the body that made such a thing here, else the least that its shape asks for."""
        pattern = re.compile(re.sub(r"{\w+}", "[^/]+", row.path))
        for verb, path, body in self.api.bodies:
            if verb in row.verbs and pattern.fullmatch(path):
                return body
        return least(row.takes.model_json_schema(by_alias=True)) if isinstance(row.takes, type) else {}

    # --- services, users, tokens, subscriptions ---------------------------------------------------------------------

    def _interactor(self) -> None:
        api, ids = self.api, self.ids
        ids["user"] = api.post("/v1/user", {"userId": USER, "name": "Ada"}).ok()["id"]
        name = f"service-{uuid.uuid4().hex[:8]}"
        service = ids["service"] = api.post("/v1/service", {"name": name}, userId=USER).ok()["id"]
        below = f"/v1/service/{service}"
        made = {
            "version": {"logic": {"fn": {"double": "return input * 2"}}},
            "security": {"type": "apiKey", "scheme": "bearer", "label": {"en": "Key"}},
            "variable": {"name": "webhookSecret", "schema": {"type": "string"}},
            "action": {"name": "act", "logic": {"execute": "return input.data"}},
            "event": {"name": "event", "logic": {"route": "return [{trigger: notification.body.trigger || 'fired'}]"}},
            "trigger": {"name": "fired", "logic": {"trigger": "return notification.body"}},
            "datatype": {"name": "kind", "logic": {"values": "return [{label: 'one', value: 1}]"}},
            "condition": {"name": "condition", "logic": {"execute": "return true"}},
        }
        for kind, body in made.items():
            ids[kind] = api.post(f"{below}/{kind}", body, userId=USER).ok()["id"]
            self.values[f"/v1/service/{{}}/{kind}"] = ids[kind]
        value = {"value": self.secret("value of a variable")}
        api.put(f"{below}/variable/{ids['variable']}/value", value).ok()
        token = {"name": "token", "serviceSecurityId": ids["security"], "key": self.secret("key of a token")}
        ids["token"] = api.post(f"/v1/user/{USER}/token", token).ok()["id"]
        subscribed = {"url": f"{self.receiver}/subscription", "variables": {}}
        ids["subscription"] = api.post(f"{below}/trigger/fired/subscription", subscribed, userId=USER).ok()["id"]
        ids["group"] = api.post("/v1/group", {"name": "group"}, userId=USER).ok()["id"]
        api.post(f"/v1/group/{ids['group']}/user", {"userId": USER, "role": "member"}).ok()
        ids["key"] = api.post("/v1/admin/keys", {"name": "spare"}).ok()["id"]
        ids["import"] = api.post("/v1/service/import", {"name": "imported"}, userId=USER).ok()["id"]
        hook = api.get(f"{below}/webhookSetting", userId=USER).ok()["url"].rpartition("/")[2]
        self.values |= {
            "/v1/service": service, "/v1/user": ids["user"], "/v1/service/{}/token": ids["token"],
            "/v1/subscription": ids["subscription"], "/v1/group": ids["group"], "/v1/group/{}/user": ids["user"],
            "/v1/admin/keys": ids["key"], "/v1/service/import": ids["import"], "/v1/service/import/{}/part": "1",
            "/v1/hook": hook,
        }  # fmt: skip
        ids["hook"] = hook

    def _automations(self) -> None:
        api, ids = self.api, self.ids
        steps = [{"id": "wait", "type": "waitForEvent", "event": "never", "timeoutSeconds": 86_400}]
        body = {"name": f"automation-{uuid.uuid4().hex[:8]}", "definition": {"steps": steps}}
        made = api.post("/v1/automation/import", body, userId=USER).ok()
        ids["automation"], ids["automationVersion"] = made["id"], made["versionId"]
        path = f"/v1/automation/{made['id']}/version/{made['versionId']}"
        api.post(f"{path}/publish", userId=USER).ok()
        begun = api.post(f"{path}/execute", {"input": {}}, userId=USER, **{"async": "true"})
        ids["execution"] = begun.ok()["executionId"]
        self.values |= {
            "/v1/automation": made["id"], "/v1/automation/{}/version": made["versionId"],
            "/v1/execution": ids["execution"],
        }  # fmt: skip

    # --- notifications ----------------------------------------------------------------------------------------------

    def _channels(self) -> None:
        api, ids = self.api, self.ids
        group = api.get("/v1/notification-groups").ok()["data"][0]["_id"]
        spare = api.post("/v1/notification-groups", {"name": "spare"}).ok()["data"]["_id"]
        step = {"template": {"type": "in_app", "content": "Hi {{subscriber.firstName}}"}}
        workflow = {"name": "hello", "notificationGroupId": group, "active": True, "steps": [step]}
        ids["workflow"] = api.post("/v1/workflows", workflow).ok()["data"]["_id"]
        credentials = {"apiKey": self.secret("apiKey of an integration"), "from": "a@attack.example"}
        body = {"providerId": "sendgrid", "channel": "email", "active": True, "check": False}
        ids["mailer"] = api.post("/v1/integrations", {**body, "credentials": credentials}).ok()["data"]["_id"]
        ann = {"subscriberId": "ann", "firstName": "Ann", "email": "ann@attack.example"}
        api.post("/v1/subscribers", ann).ok()
        slack = {"providerId": "slack", "channel": "chat", "active": True, "check": False}
        sealed = {"clientId": "client", "secretKey": self.secret("secretKey of an integration"), "hmac": False}
        api.post("/v1/integrations", {**slack, "credentials": sealed}).ok()
        chat = {"webhookUrl": f"{self.receiver}/{self.secret('webhookUrl of a subscriber')}"}
        api.put("/v1/subscribers/ann/credentials", {"providerId": "slack", "credentials": chat}).ok()
        api.post("/v1/topics", {"key": "topic", "name": "Topic"}).ok()
        api.post("/v1/topics/topic/subscribers", {"subscribers": ["ann"]}).ok()
        layout = api.post("/v1/layouts", {"name": "layout", "identifier": "layout", "content": "{{{body}}}"})
        feed = api.post("/v1/feeds", {"name": "feed"}).ok()["data"]["_id"]
        triggered = api.post("/v1/events/trigger", {"name": "hello", "to": "ann", "payload": {}}).ok()["data"]
        transaction = triggered["transactionId"]
        notification = until(
            lambda: api.get("/v1/notifications", transactionId=transaction).ok()["data"], "the notification"
        )[0]["_id"]
        message = until(lambda: api.get("/v1/messages", transactionId=transaction).ok()["data"], "the message")
        ids["message_in_app"] = message[0]["_id"]
        self.values |= {
            "/v1/workflows": ids["workflow"], "/v1/notification-templates": ids["workflow"],
            "/v1/integrations": ids["mailer"], "/v1/subscribers": "ann", "/v1/subscribers/{}/credentials": "slack",
            "/v1/subscribers/{}/preferences": ids["workflow"], "/v1/topics": "topic",
            "/v1/topics/{}/subscribers": "ann", "/v1/layouts": layout.ok()["data"]["_id"], "/v1/feeds": feed,
            "/v1/notification-groups": spare, "/v1/notifications": notification,
            "/v1/messages": message[0]["_id"], "/v1/subscribers/{}/messages": message[0]["_id"],
            "/v1/subscribers/{}/messages/{}/actions": "primary", "/v1/events/trigger": transaction,
            "/v1/messages/transaction": transaction,
        }  # fmt: skip

    # --- chat -------------------------------------------------------------------------------------------------------

    def _chat(self) -> None:
        api, ids = self.api, self.ids
        bot = {
            "name": "bot", "dev": True, "url": f"{self.receiver}/bot", "events": {"tick": OPEN},
            "states": {"mood": {"type": "bot", **OPEN}},
            "tags": {"users": ["plan"], "messages": [], "conversations": []},
            "configuration": {"data": {"token": self.secret("configuration of a bot")}, **OPEN},
        }  # fmt: skip
        made = api.post("/v1/admin/bots", bot).ok()["bot"]
        ids["bot"] = made["id"]
        self.secrets["signing secret of a bot"] = made["signingSecret"]
        room = {
            "messages": {"text": OPEN}, "conversation": {"creation": {"enabled": True, "requiredTags": []}},
        }  # fmt: skip
        name = f"chat{uuid.uuid4().hex[:8]}"
        self.ids["integrationName"] = name
        integration = {
            "name": name, "version": "0.1.0", "dev": True, "url": f"{self.receiver}/integration",
            "channels": {"room": room}, "user": {"creation": {"enabled": True, "requiredTags": []}},
            "events": {"opened": OPEN}, "actions": {"greet": {"input": OPEN, "output": OPEN}},
        }  # fmt: skip
        ids["integration"] = api.post("/v1/admin/integrations", integration).ok()["integration"]["id"]
        installed = {"configuration": {"token": self.secret("configuration of an installed integration")}}
        seen = api.put(f"/v1/admin/bots/{ids['bot']}", {"integrations": {ids["integration"]: installed}}).ok()
        ids["webhook"] = seen["bot"]["integrations"][ids["integration"]].get("webhookId", UNKNOWN)
        inside = api.also(("x-bot-id", ids["bot"]), ("x-integration-id", ids["integration"]))
        user = inside.post("/v1/chat/users", {"tags": {}}).ok()["user"]["id"]
        conversation = inside.post("/v1/chat/conversations", {"channel": "room", "tags": {}}).ok()["conversation"]["id"]
        said = {"userId": user, "conversationId": conversation, "type": "text", "payload": {"text": "hi"}, "tags": {}}
        message = inside.post("/v1/chat/messages", said).ok()["message"]["id"]
        as_bot = api.also(("x-bot-id", ids["bot"]))
        event = as_bot.post("/v1/chat/events", {"type": "tick", "payload": {}}).ok()["event"]["id"]
        as_bot.post(f"/v1/chat/states/bot/{ids['bot']}/mood", {"payload": {"mood": "fine"}}).ok()
        contents = base64.b64encode(b"contents").decode()
        file = {"botId": ids["bot"], "contents": contents, "name": "a.bin", "accessType": "private"}
        file_id = api.post("/v1/storage/files", file).ok()["file"]["id"]
        public = api.post("/v1/storage/files", {**file, "accessType": "public"}).ok()["file"]["id"]
        ids |= {"conversation": conversation, "chatUser": user, "chatMessage": message, "file": file_id}
        self.values |= {
            "/v1/admin/bots": ids["bot"], "/v1/admin/integrations": ids["integration"],
            "/v1/admin/integrations/{}": "0.1.0", "/v1/admin/hub/integrations": ids["integration"],
            "/v1/admin/hub/integrations/{}": "0.1.0", "/v1/admin/workspaces": self.workspace, "/v1/chat/users": user,
            "/v1/chat/conversations": conversation, "/v1/chat/messages": message, "/v1/chat/events": event,
            "/v1/chat/states": "bot", "/v1/chat/states/{}": ids["bot"], "/v1/chat/states/{}/{}": "mood",
            "/v1/storage/files": file_id, "/v1/storage/public": public, "/v1/chat/assets": ids["integration"],
            "/v1/chat/webhooks": ids["webhook"], "/v1/chat/webhooks/{}": "rest",
        }  # fmt: skip

    # --- journeys ---------------------------------------------------------------------------------------------------

    def _journeys(self) -> None:
        ids = self.ids
        ids["node"] = str(uuid.uuid4())
        node = {"uuid": ids["node"], "name": "Shop", "emailActive": True, "smsActive": True}
        self.api.post("/flow/v1/nodes", {**node, "hubPhoneField": "base.contacts.mobilePhone"}).ok()
        flow = self.flow = self.api.also(("Node", ids["node"]))
        value = {
            "provider": "HTTP", "endpoint": f"{self.receiver}/messages", "apiKey": self.secret("apiKey of a setting"),
            "userKey": self.secret("userKey of a setting"), "signingSecret": self.secret("signingSecret of a setting"),
        }  # fmt: skip
        setting = {"category": "INTEGRATION", "type": "CLAB_API_SOAP", "value": value}
        ids["setting"] = flow.post("/flow/v1/settings", setting).ok()["uuid"]
        hub = {"endpoint": f"{self.receiver}/profiles", "token": self.secret("token of a setting")}
        flow.post("/flow/v1/settings", {"category": "INTEGRATION", "type": "HUB", "value": hub}).ok()
        model = {"identifier": 7, "name": "Newsletter", "subject": "News", "senderEmail": "shop@attack.example"}
        flow.post("/flow/v1/external-contents/email-models", model).ok()
        flow.post("/flow/v1/external-contents/sms-models", {"identifier": 3, "name": "Alert"}).ok()
        pages = "/flow/v1/external-contents/page-builder/templates"
        flow.post(pages, {"id": 1, "name": "Template"}).ok()
        flow.post(f"{pages}/1/pages", {"id": 1, "name": "Page", "htmlContent": "<p>Hi</p>"}).ok()
        first, step = step_uuid(), step_uuid()
        graph = joined(wait_step(first), email_step(step), end_step(step_uuid()))
        made = flow.post("/flow/v1/automations", {"name": "Journey", "status": "RUNNING", **graph}).ok()
        ids["journey"], ids["step"] = made["uuid"], first
        path = f"/flow/v1/automations/{made['uuid']}/customers"
        ann = {"userPk": "ann", "attributes": {"email": "ann@attack.example", "name": "Ann"}}
        flow.post(path, ann).ok()
        token = until(lambda: flow.get("/flow/v1/tokens", automationUuid=made["uuid"]).json["elements"], "the token")[0]
        ids["journeyToken"] = token["uuid"]
        self.values |= {
            "/flow/v1/nodes": ids["node"], "/flow/v1/settings": ids["setting"],
            "/flow/v1/automations": made["uuid"], "/flow/v1/automations/{}/steps": first,
            "/flow/v1/automations/{}/customers": token.get("clabUuid") or UNKNOWN,
            "/flow/v1/tokens": ids["journeyToken"], "/flow/v1/external-contents/page-builder/templates": "1",
            "/flow/v1/external-contents/page-builder/templates/{}/pages": "1",
        }  # fmt: skip
