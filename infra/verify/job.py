"""The main job, over HTTP against a deployed stack: connector, action, subscription, delivery, failures, polls."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from chalicelib.durable import leases
from infra.functions import Stage
from infra.harness import standin
from infra.policies import Statement as Json
from infra.verify import waiting

_RECEIVES = 3  # of a poison message here; the template says 8, which takes two minutes of backing off
_LEASED_S = 40  # longer than any batch takes on a busy machine; the record comes again when it is over
_SECRET = "what the third party is asked with"  # noqa: S105


@dataclass
class World:
    """Where the job is done."""

    api: Any
    receiver: Any
    emulator: Any
    stage: Stage
    say: Any
    side: ThirdParty = field(default_factory=lambda: ThirdParty())

    def queue(self, name: str) -> str:
        """Give the address of a queue."""
        return str(self.emulator.client("sqs").get_queue_url(QueueName=self.stage.prefix + name)["QueueUrl"])


class ThirdParty(threading.Thread):
    """A third party on 127.0.0.1: counts the calls of each path."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.calls: list[tuple[str, str]] = []
        side = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                side.calls.append((self.path, self.headers.get("Authorization", "")))
                standin.reply(self, 200, {"n": side.count(self.path)})

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.start()

    def count(self, path: str) -> int:
        """Count the calls of a path."""
        return sum(one == path for one, _ in self.calls)

    def run(self) -> None:
        """Serve."""
        self._server.serve_forever()


def before_upgrade(api: Any) -> Json:
    """Store what an upgrade must keep."""
    user = api.call("POST", "/v1/user", {"userId": "kept"})
    service = api.call("POST", "/v1/service?userId=kept", {"name": "kept"})
    return {"user": user["id"], "service": service["id"]}


def after_upgrade(api: Any, kept: Json) -> None:
    """See that it is kept."""
    assert api.call("GET", "/v1/user/kept")["id"] == kept["user"]  # noqa: S101
    assert api.call("GET", f"/v1/service/{kept['service']}?userId=kept")["id"] == kept["service"]  # noqa: S101


def run(world: World) -> None:
    """Do all of it, saying each step."""
    world.api.call("POST", "/v1/user", {"userId": "ada"})
    _refusals(world)
    service = _connector(world)
    _action(world, service)
    _deliveries(world, service)
    _retried_alone(world, service)
    _poison(world)
    _polls(world, service)


def with_runner(world: World) -> None:
    """Execute an action once more, now that scripts run in the function that may do nothing."""
    functions = world.emulator.client("lambda")
    runner = world.stage.prefix + "runner"
    settings = functions.get_function_configuration(FunctionName=world.stage.prefix + "api_handler")
    assert settings["Environment"]["Variables"]["MILLRACE_RUNNER"] == runner  # noqa: S101
    its_own = functions.get_function_configuration(FunctionName=runner)["Environment"]["Variables"]
    assert not [name for name in its_own if "TABLE" in name or "KMS" in name]  # noqa: S101
    service = str(world.api.call("POST", "/v1/service?userId=ada", {"name": "by the runner"})["id"])
    world.api.call("POST", f"/v1/service/{service}/version?userId=ada", {})
    code = f"return (await $.axios.get('{world.side.url}/runner')).data.n + 1"
    action = _make(world, service, "action", {"name": "count", "logic": {"execute": code}})
    answer = world.api.call("POST", f"/v1/service/{service}/action/{action['id']}/execute?userId=ada", {})
    assert (answer["output"], world.side.count("/runner")) == (2, 1)  # noqa: S101
    world.say("switched the runner function on; it ran an action whose call was made here")


def _refusals(world: World) -> None:
    assert world.api.call("DELETE", "/healthz", expect=405)["type"] == "MethodNotAllowed"  # noqa: S101
    assert world.api.call("GET", "/no/such/path", expect=404)["status"] == 404  # noqa: S101
    world.say("refusals come in our shape")


def _connector(world: World) -> str:
    service = str(world.api.call("POST", "/v1/service?userId=ada", {"name": "shop"})["id"])
    world.api.call("POST", f"/v1/service/{service}/version?userId=ada", {})
    _make(world, service, "event", {"name": "hook", "logic": {"route": "return 'order'"}})
    world.say("made a service with a version and an event")
    return service


def _action(world: World, service: str) -> None:
    security = _make(world, service, "security", {"type": "apiKey", "scheme": "bearer"})
    token = {"name": "ada", "serviceSecurityId": security["id"], "key": _SECRET}
    world.api.call("POST", "/v1/user/ada/token", token)
    code = f"return (await $.axios.get('{world.side.url}/action', {{headers: {{Authorization: credential.key}}}})).data"
    action = _make(world, service, "action", {"name": "look", "logic": {"execute": code}})
    answer = world.api.call("POST", f"/v1/service/{service}/action/{action['id']}/execute?userId=ada", {})
    assert ("/action", _SECRET) in world.side.calls, (world.side.calls, answer)  # noqa: S101
    world.say("executed an action with a sealed credential")


def _deliveries(world: World, service: str) -> None:
    logic = {"trigger": "return notification.body"}
    trigger = _make(world, service, "trigger", {"name": "order", "logic": logic})["id"]
    for path in ("/one", "/two"):
        body = {"url": world.receiver.url(path)}
        made = world.api.call("POST", f"/v1/service/{service}/trigger/{trigger}/subscription?userId=ada", body)
        world.receiver.inbox(path, made["secret"])
    world.say("subscribed two receivers")
    address = world.api.call("GET", f"/v1/service/{service}/webhookSetting?userId=ada")["url"]
    hook = "/v1/hook/" + address.rpartition("/")[2]
    for number in range(3):
        world.api.call("POST", hook, {"order": number})
    inboxes = [world.receiver.inbox(path) for path in ("/one", "/two")]
    waiting.wait_for("deliveries", lambda: all(len(inbox.ids) == 3 for inbox in inboxes))
    assert not any(inbox.forged for inbox in inboxes)  # noqa: S101
    world.say("three notifications came out as six deliveries, every signature verified")


def _retried_alone(world: World, service: str) -> None:
    """Send two polls in one batch, one of which finds itself leased to somebody else: only that one comes again."""
    logic = {"trigger": "return notification"}
    names = []
    for path in ("/free", "/leased"):
        code = f"await $.axios.get('{world.side.url}{path}'); return {{records: []}}"
        body = {"name": path[1:], "logic": {**logic, "poll": code}, "schema": {"pollSeconds": 3600}}
        trigger = _make(world, service, "trigger", body)["id"]
        subscription = {"url": world.receiver.url(path)}
        made = world.api.call("POST", f"/v1/service/{service}/trigger/{trigger}/subscription?userId=ada", subscription)
        names.append(made["id"])
    side = world.side
    waiting.wait_for("first polls", lambda: all(_polled(world, name) for name in names))
    assert (side.count("/free"), side.count("/leased")) == (1, 1)  # noqa: S101
    _make_due(world, names[0], leases.FREE)
    _make_due(world, names[1], int(time.time() * 1000) + _LEASED_S * 1000)
    queue = world.queue("subscriptions_poll")
    letters = [{"Id": name, "MessageBody": json.dumps({"w": "verify", "s": name})} for name in names]
    world.emulator.client("sqs").send_message_batch(QueueUrl=queue, Entries=letters)
    waiting.wait_for("the poll that was free", lambda: side.count("/free") == 2)
    waiting.wait_for("one record of the batch to be done with", lambda: _on_queue(world, queue) == 1)
    assert side.count("/leased") == 1  # noqa: S101
    waiting.wait_for("the record that could not be done at first", lambda: side.count("/leased") == 2)
    assert side.count("/free") == 2  # noqa: S101
    world.say("of two records in one batch the one that could not be done came again, alone")


def _polled(world: World, subscription: str) -> bool:
    """Tell whether its first poll is written down: a lease put on it before that would be written over."""
    (row,) = _rows(world, "work", f"verify#P#{subscription}")
    return "moved" in row and row["until"] == {"N": str(leases.FREE)}


def _make_due(world: World, subscription: str, until_ms: int) -> None:
    """Let its next poll be due at once, for whoever may take it: nobody before until_ms."""
    (row,) = _rows(world, "work", f"verify#P#{subscription}")
    world.emulator.client("dynamodb").update_item(
        TableName=world.stage.prefix + "work",
        Key={name: row[name] for name in ("pk", "sk")},
        UpdateExpression="SET #until = :until, #due = :due",
        ExpressionAttributeNames={"#until": "until", "#due": "due"},
        ExpressionAttributeValues={":until": {"N": str(until_ms)}, ":due": {"N": "1"}},
    )


def _on_queue(world: World, url: str) -> int:
    counts = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
    asked = world.emulator.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=list(counts))
    return sum(int(asked["Attributes"][name]) for name in counts)


def _poison(world: World) -> None:
    """Break a definition as no request could: whoever takes its execution up fails, until the queue gives up."""
    sqs = world.emulator.client("sqs")
    url = world.queue("automations_advance")
    policy = json.loads(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]["RedrivePolicy"])
    policy["maxReceiveCount"] = str(_RECEIVES)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": json.dumps(policy)})
    steps = [{"id": "end", "type": "return", "value": 1}]
    made = world.api.call(
        "POST", "/v1/automation/import?userId=ada", {"name": "poison", "definition": {"steps": steps}}
    )
    path = f"/v1/automation/{made['id']}/version/{made['versionId']}"
    world.api.call("POST", f"{path}/publish?userId=ada")
    for row in _rows(world, "catalogue", f"verify#AUT#{made['id']}"):
        doc = json.loads(row["doc"]["S"])
        if "definition" in doc:
            doc["definition"]["steps"] = "no steps"
            row["doc"] = {"S": json.dumps(doc)}
            world.emulator.client("dynamodb").put_item(TableName=world.stage.prefix + "catalogue", Item=row)
    begun = world.api.call("POST", f"{path}/execute?async=true", {"input": {}}, expect=202)["executionId"]

    def state() -> str:
        return str(world.api.call("GET", f"/v1/execution/{begun}?userId=ada")["state"])

    waiting.wait_for("the poison message to be buried", lambda: _rows(world, "work", "verify#DEAD"))
    (letter,) = _rows(world, "work", "verify#DEAD")
    assert json.loads(letter["doc"]["S"])["message"]["x"] == begun  # noqa: S101
    waiting.wait_for("its execution to be failed", lambda: state() == "failed")
    world.say(f"a poison message went to the dead letters after {_RECEIVES} receives, and its execution is failed")


def _polls(world: World, service: str) -> None:
    code = f"return {{records: [{{n: (await $.axios.get('{world.side.url}/poll')).data.n}}], cursor: 1, emit: true}}"
    logic = {"poll": code, "trigger": "return notification"}
    schema = {"pollSeconds": 10}
    trigger = _make(world, service, "trigger", {"name": "polled", "logic": logic, "schema": schema})["id"]
    body = {"url": world.receiver.url("/polled")}
    made = world.api.call("POST", f"/v1/service/{service}/trigger/{trigger}/subscription?userId=ada", body)
    inbox = world.receiver.inbox("/polled", made["secret"])
    waiting.wait_for("two polls", lambda: world.side.count("/poll") >= 2 and len(inbox.ids) >= 1)
    world.say("a poll came, and came again by itself, and its record was delivered")
    waiting.wait_for("the tick", lambda: _rows(world, "work", "-#SWEEP#"))
    world.say("the minutely schedule fired")


def _make(world: World, service: str, kind: str, body: Json) -> Json:
    made: Json = world.api.call("POST", f"/v1/service/{service}/{kind}?userId=ada", body)
    return made


def _rows(world: World, table: str, start: str) -> list[Json]:
    """Find rows whose partition begins so; only the emulator is ever scanned."""
    found = world.emulator.client("dynamodb").scan(
        TableName=world.stage.prefix + table,
        FilterExpression="begins_with(pk, :start)",
        ExpressionAttributeValues={":start": {"S": start}},
    )
    return list(found["Items"])
