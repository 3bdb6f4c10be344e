"""Every packaged handler, called in a process of its own with what API Gateway, SQS and schedules send.

The processes share one database of the local cloud, whose tables and queues were made from the template: so a
notification that enters through the API's function comes out of the delivering function as a signed POST.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chalicelib.adapters.javascript import Script
from chalicelib.adapters.javascript.remote import RemoteRunner
from infra.functions import API, FUNCTIONS, RUNNER, Function, Stage
from infra.harness.receiver import Receiver
from infra.verify import events, same

Json = dict[str, Any]
PROBE = Path(__file__).with_name("probe.py")
KEY = "verify"
USER = {"userId": "ada"}


class Died(Exception):
    """The process of a function ended by itself; what it wrote last."""


class Lambda:
    """One function's process, kept for several calls."""

    def __init__(self, function: Function, package: Path, harness: Path, python: str, environment: Json) -> None:
        command = [python, "-I", "-S", str(PROBE), str(package), str(harness), function.handler]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=package.parent,
            env={**environment, "AWS_LAMBDA_FUNCTION_NAME": function.name, "PATH": os.environ["PATH"]},
        )
        self.started = self._read()

    def call(self, event: Json) -> Json:
        """Send one event and give the answer with its CPU time."""
        assert self._process.stdin is not None  # noqa: S101
        self._process.stdin.write(json.dumps(event) + "\n")
        self._process.stdin.flush()
        return self._read()

    def close(self) -> None:
        """Let the process end."""
        self._process.communicate()

    def _read(self) -> Json:
        assert self._process.stdout is not None  # noqa: S101
        line = self._process.stdout.readline()
        if not line:
            raise Died(self._process.communicate()[1].strip()[-600:])
        read: Json = json.loads(line)
        return read


def environment_of(function: Function, resources: Json, scratch: Path, stage: Stage) -> Json:
    """Give a function the template's own environment, what refers to a resource left out."""
    variables = resources[function.logical_id]["Properties"]["Environment"]["Variables"]
    plain = {name: value for name, value in variables.items() if isinstance(value, str)}
    return {
        **plain,
        "MILLRACE_STAGE": "dev",  # a key file instead of KMS, and a receiver on this machine
        "MILLRACE_PUBLIC_URL": "https://millrace.example",
        "MILLRACE_DEV_KEYS": f"{KEY}=verify",
        "MILLRACE_EGRESS_ALLOW": "127.0.0.1:*",
        "MILLRACE_DATA_DIR": str(scratch / "data"),
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "verify",
        "AWS_SECRET_ACCESS_KEY": "verify",
        "PROBE_DATABASE": str(scratch / "template.db"),
    }


class Deployment:
    """The functions of a package, started when they are first called."""

    def __init__(self, template: Json, stage: Stage, package: Path, scratch: Path, python: str) -> None:
        self._resources, self._stage, self._package, self._scratch = template["Resources"], stage, package, scratch
        self._python, self._running = python, dict[str, Lambda]()
        self.rows = {function.name: function for function in FUNCTIONS}
        self.clients = same.connect(scratch / "template.db")

    def function(self, name: str) -> Lambda:
        """Give the process of a function."""
        if name not in self._running:
            from infra.verify.package import harness

            environment = environment_of(self.rows[name], self._resources, self._scratch, self._stage)
            self._running[name] = Lambda(
                self.rows[name], self._package, harness(self._scratch), self._python, environment
            )
        return self._running[name]

    def http(self, method: str, path: str, body: Any = None, headers: Json | None = None) -> tuple[int, Any]:
        """Call the API's function as API Gateway does."""
        paths = self._resources["RestAPI"]["Properties"]["DefinitionBody"]["paths"]
        answer = self.function(API).call(events.http(paths, method, path, body, {"api_key": KEY, **(headers or {})}))
        text = answer["answer"]["body"]
        return answer["answer"]["statusCode"], json.loads(text) if text[:1] in ("{", "[") else text

    def feed(self, name: str) -> int:
        """Hand a function what waits in its queue, as SQS does; give how many messages it finished."""
        row, sqs = self.rows[name], self.clients["sqs"]
        url = sqs.get_queue_url(QueueName=self._stage.prefix + row.queue)["QueueUrl"]
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"]).get("Messages", [])
        answer = self.function(name).call(events.sqs(row.queue, messages))["answer"]
        failed = {entry["itemIdentifier"] for entry in answer["batchItemFailures"]}
        done = [message for message in messages if message["MessageId"] not in failed]
        for message in done:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return len(done)

    def send(self, name: str, body: Any) -> None:
        """Put a message into the queue of a function."""
        sqs = self.clients["sqs"]
        url = sqs.get_queue_url(QueueName=self._stage.prefix + self.rows[name].queue)["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody=body if isinstance(body, str) else json.dumps(body))

    def close(self) -> None:
        """Let every process end."""
        for running in self._running.values():
            running.close()


def faults(template: Json, stage: Stage, package: Path, scratch: Path, python: str) -> list[str]:
    """List what goes wrong when every handler is called; `scratch/template.db` holds the template's tables."""
    deployment = Deployment(template, stage, package, scratch, python)
    try:
        return [*_api(deployment), *_main_job(deployment), *_rest(deployment)]
    except Died as died:
        return [str(died)]
    finally:
        deployment.close()


def _api(deployment: Deployment) -> Iterator[str]:
    expected = (
        ("GET", "/healthz", 200),
        ("GET", "/v1/openapi.json", 200),
        ("GET", "/v1/admin/keys", 200),
        ("DELETE", "/healthz", 405),
        ("GET", "/nothing/here", 404),
    )
    for method, path, status in expected:
        found, body = deployment.http(method, path)
        if found != status:
            yield f"{method} {path}: {found} {str(body)[:200]}"
    if deployment.http("GET", "/v1/admin/keys", headers={"api_key": "wrong"})[0] != 401:
        yield "a wrong key opens"


def _main_job(deployment: Deployment) -> Iterator[str]:
    receiver = Receiver()
    subscribed, hook = set_up(deployment, receiver.url("/in"))
    receiver.inbox("/in", subscribed["secret"])
    status, body = deployment.http("POST", hook, {"n": 1})
    if status != 200:
        yield f"the hook answers {status} {body}"
    if deployment.feed("fan_out") != 1 or deployment.feed("deliver") != 1:
        yield "fan_out or deliver left its message"
    if len(receiver.inbox("/in").ids) != 1 or receiver.inbox("/in").forged:
        yield "no signed delivery arrived"


def set_up(deployment: Any, url: str) -> tuple[Json, str]:
    """Make service, event, trigger and subscription through the API; give the subscription and the hook's path."""

    def make(path: str, body: Json) -> Json:
        status, made = deployment.http("POST", path, body)
        if status != 200:
            raise SystemExit(f"POST {path}: {status} {made}")
        found: Json = made
        return found

    make("/v1/user", USER)
    service = make("/v1/service?userId=ada", {"name": "shop"})["id"]
    make(f"/v1/service/{service}/version?userId=ada", {})
    event = {"name": "hook", "logic": {"route": "return 'order'"}}
    make(f"/v1/service/{service}/event?userId=ada", event)
    logic = {"trigger": "return notification.body"}
    trigger = make(f"/v1/service/{service}/trigger?userId=ada", {"name": "order", "logic": logic})
    subscribed = make(f"/v1/service/{service}/trigger/{trigger['id']}/subscription?userId=ada", {"url": url})
    address = deployment.http("GET", f"/v1/service/{service}/webhookSetting?userId=ada")[1]["url"]
    return subscribed, "/v1/hook/" + address.rpartition("/")[2]


def _rest(deployment: Deployment) -> Iterator[str]:
    for function in FUNCTIONS:
        try:
            if function.queue:
                deployment.send(function.name, "not json")
                if deployment.feed(function.name) != 1:
                    yield f"{function.name} keeps what it cannot read"
            elif function.name == RUNNER:
                yield from _runner(deployment)
            elif function.is_scheduled:
                deployment.function(function.name).call(events.schedule())
            if strangers := deployment.function(function.name).started["strangers"]:
                yield f"{function.name} imported {strangers} from outside the package"
        except Died as died:
            yield f"{function.name}: {died}"


def _runner(deployment: Deployment) -> Iterator[str]:
    """Run a script that makes a call, as another function does."""

    class Outside:
        def http(self, request: Json) -> Json:
            return {"status": 200, "headers": {}, "body": request["url"]}

    runner = RemoteRunner(lambda parcel: deployment.function(RUNNER).call(parcel)["answer"])
    code = "return (await $.axios.get('http://x/' + input.n)).data"
    found = runner.run("verify", Script(code, {"input": {"n": 7}}), Outside()).value
    if found != "http://x/7":
        yield f"the runner answers {found!r}"
