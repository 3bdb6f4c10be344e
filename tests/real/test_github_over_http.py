"""The main job from end to end over the public HTTP API: GitHub notifies, subscribers receive; actions reach GitHub.

The connector is installed from its files, one subscription is made for every trigger and a few narrower ones, every
published webhook example is posted as GitHub would, and a local receiver checks what arrives.
"""

from __future__ import annotations

import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import NAMESPACE_URL, uuid5

import pytest
import requests
from standardwebhooks import Webhook

from infra import connector_files
from tests.real import expectations
from tests.real.api_client import Client
from tests.real.github_api import Prism
from tests.real.receiver import Received, Receiver
from tests.unit.connectors.connector_logic import GITHUB, SECRET, github, signature

Examples = list[tuple[str, dict[str, Any]]]

NARROWER: list[tuple[str, dict[str, Any]]] = [
    ("any", {"repository": "codertocat/HELLO-world"}),
    ("any", {"events": ["issues", "star"]}),
    ("any", {"actions": ["opened"], "repository": "Codertocat/Hello-World"}),
    ("issue", {"actions": ["opened", "labeled"]}),
    ("issue", {"repository": "nobody/nothing"}),
    ("pull_request", {"actions": ["closed"]}),
    ("push", {"branch": "master"}),
    ("push", {"branch": "no-such-branch"}),
]
DELIVERY_LIMIT_S = 180
QUIET_S = 3
VALUE_LIMIT_S = 15  # the platform may go by a value for 5 s after it was replaced


@dataclass(frozen=True)
class Subscription:
    """One subscription and the address it delivers to."""

    id: str
    secret: str
    path: str
    trigger: str
    variables: dict[str, Any]


@pytest.fixture(scope="module")
def admin(platform_url: str) -> Iterator[Client]:
    client = Client(platform_url, "connector-admin")
    yield client
    client.close()


@pytest.fixture(scope="module")
def installed(admin: Client) -> dict[str, Any]:
    """Install the connector, twice, to see that the second time finds everything in place."""
    ids = connector_files.install(admin.url, "default", admin.user_id, GITHUB)
    assert connector_files.install(admin.url, "default", admin.user_id, GITHUB) == ids
    return ids


@pytest.fixture(scope="module")
def user(platform_url: str, prism: Prism, installed: dict[str, Any]) -> Iterator[Client]:
    """A user with a token of GitHub, whose instance is the mock."""
    client = Client(platform_url, "mona")
    created = client.call("POST", "/v1/user", {"userId": "mona"})
    assert created.status_code in (200, 409), created.text
    token = {"name": "mona", "serviceSecurityId": installed["securities"]["token"], "key": "ghp_test"}
    token_id = client.ok("POST", "/v1/user/mona/token", token)["id"]
    client.ok("PUT", f"/v1/service/github/token/{token_id}", {"serviceUrl": prism.url})
    yield client
    client.close()


@pytest.fixture(scope="module")
def hook_url(user: Client) -> str:
    return user.ok("GET", "/v1/service/github/webhookSetting")["url"]


@pytest.fixture(scope="module")
def secret_set(admin: Client, installed: dict[str, Any], hook_url: str) -> None:
    """Give the webhook its secret, having seen that nothing is taken without one."""
    assert post(hook_url, 30_000, "ping", {"zen": "x"}) == 403
    variable = installed["variables"]["webhookSecret"]
    assert admin.call("PUT", f"/v1/service/github/variable/{variable}/value", {"value": SECRET}).status_code == 200
    deadline = time.monotonic() + VALUE_LIMIT_S
    while post(hook_url, 30_000, "ping", {"zen": "x"}) != 202:
        assert time.monotonic() < deadline, "the secret does not take effect"
        time.sleep(0.5)


@pytest.fixture(scope="module")
def subscriptions(user: Client, receiver: Receiver) -> list[Subscription]:
    """Subscribe to every trigger, and more narrowly to a few."""
    wanted: list[tuple[str, dict[str, Any]]] = [
        (name, {}) for name in github()["triggers"] if name != "issue.updated"
    ] + NARROWER
    made = []
    for number, (trigger, variables) in enumerate(wanted):
        path = f"/{number}-{trigger}"
        body = {"url": receiver.url + path, "variables": variables}
        answer = user.ok("POST", f"/v1/service/github/trigger/{trigger}/subscription", body)
        made.append(Subscription(answer["id"], answer["secret"], path, trigger, variables))
    return made


def delivery_id(number: int) -> str:
    return str(uuid5(NAMESPACE_URL, f"https://example.com/{number}"))


def post(hook_url: str, number: int, event: str, payload: Any, secret: str | None = SECRET) -> int:
    """Post an example as GitHub does, every third as a form; returns the status."""
    text = json.dumps(payload, ensure_ascii=number % 2 == 0)
    is_form = number % 3 == 0
    raw = urlencode({"payload": text}) if is_form else text
    headers = {
        "content-type": "application/x-www-form-urlencoded" if is_form else "application/json",
        "user-agent": "GitHub-Hookshot/test",
        "x-github-event": event,
        "x-github-delivery": delivery_id(number),
    }
    if secret is not None:
        headers["x-hub-signature-256"] = signature(raw, secret)
    return requests.post(hook_url, data=raw.encode(), headers=headers, timeout=30).status_code


def post_all(hook_url: str, examples: Examples) -> Counter[int]:
    with ThreadPoolExecutor(8) as pool:
        numbered = [(hook_url, number, event, payload) for number, (event, payload) in enumerate(examples)]
        return Counter(pool.map(lambda arguments: post(*arguments), numbered))


def output_of(received: Received) -> dict[str, Any]:
    """Find the trigger's output in the body of a delivery: its data, or the output within."""
    body = json.loads(received.body)
    data = body.get("data", body)
    return data.get("output", data)


@pytest.fixture(scope="module")
def arrived(
    hook_url: str, secret_set: None, subscriptions: list[Subscription], receiver: Receiver, octokit_examples: Examples
) -> list[Received]:
    """Post every example, then the first ones again as GitHub's redelivery does, and wait for the deliveries."""
    assert post_all(hook_url, octokit_examples) == {202: expectations.EXAMPLES}
    assert post_all(hook_url, octokit_examples[:40]).keys() <= {200, 202}
    expected = len(expected_pairs(octokit_examples, subscriptions))
    receiver.wait_until(lambda received: len(received) >= expected, DELIVERY_LIMIT_S)
    receiver.wait_until(lambda received: len(received) > expected, QUIET_S)  # time for one too many to show itself
    return receiver.snapshot()


def expected_pairs(examples: Examples, subscriptions: list[Subscription]) -> set[tuple[str, str]]:
    return {
        (delivery_id(number), subscription.path)
        for number, (event, payload) in enumerate(examples)
        for subscription in subscriptions
        if expectations.fits(event, payload, subscription.trigger, subscription.variables)
    }


def test_each_example_reaches_exactly_the_subscriptions_that_fit(
    arrived: list[Received], subscriptions: list[Subscription], octokit_examples: Examples
) -> None:
    pairs = {(output_of(received)["delivery"], received.path) for received in arrived}
    expected = expected_pairs(octokit_examples, subscriptions)

    assert (len(expected - pairs), len(pairs - expected)) == (0, 0)


def test_each_delivery_has_one_message_id_and_no_two_share_one(arrived: list[Received]) -> None:
    ids = defaultdict(set)
    for received in arrived:
        ids[output_of(received)["delivery"], received.path].add(received.headers["webhook-id"])

    assert {len(found) for found in ids.values()} == {1}
    assert len({identity for found in ids.values() for identity in found}) == len(ids)


def test_each_delivery_is_signed_for_its_subscription(
    arrived: list[Received], subscriptions: list[Subscription]
) -> None:
    verifiers = {subscription.path: Webhook(subscription.secret) for subscription in subscriptions}
    for received in arrived:
        verifiers[received.path].verify(received.body, received.headers)  # raises when the signature is wrong


def test_each_delivery_says_what_its_example_says(arrived: list[Received], octokit_examples: Examples) -> None:
    examples = {delivery_id(number): example for number, example in enumerate(octokit_examples)}
    for received in arrived:
        output = output_of(received)
        event, payload = examples[output["delivery"]]
        assert (output["event"], output["action"]) == (event, payload.get("action"))
        if "payload" in output:
            assert output["payload"] == payload


@pytest.mark.parametrize("secret", [None, "wrong"])
def test_what_github_did_not_sign_is_refused_and_not_delivered(
    arrived: list[Received], hook_url: str, receiver: Receiver, octokit_examples: Examples, secret: str | None
) -> None:
    before = len(receiver.snapshot())
    event, payload = next(example for example in octokit_examples if example[0] == "issues")

    assert [post(hook_url, 10_000 + number, event, payload, secret) for number in range(3)] == [401] * 3
    assert not receiver.wait_until(lambda received: len(received) > before, QUIET_S)


def test_an_ended_subscription_receives_nothing_more(
    arrived: list[Received], user: Client, hook_url: str, receiver: Receiver, octokit_examples: Examples
) -> None:
    body = {"url": f"{receiver.url}/ended", "variables": {}}
    made = user.ok("POST", "/v1/service/github/trigger/star/subscription", body)
    user.ok("DELETE", f"/v1/subscription/{made['id']}")
    event, payload = next(example for example in octokit_examples if example[0] == "star")

    assert post(hook_url, 20_000, event, payload) == 202
    assert receiver.wait_until(lambda received: any(delivery_id(20_000).encode() in one.body for one in received), 30)
    assert not receiver.wait_until(lambda received: any(one.path == "/ended" for one in received), QUIET_S)


# --- actions ---------------------------------------------------------------------------------------------------------

NEW_ISSUE = {"repository": "octocat/Hello-World", "title": "Found a bug", "labels": ["bug"]}


def test_an_action_by_path_answers_its_input_and_output(user: Client, prism: Prism) -> None:
    mark = prism.mark()
    answer = user.ok("POST", "/v1/service/github/action/issue.create/execute", NEW_ISSUE)

    assert answer["input"] == NEW_ISSUE
    assert (answer["output"]["number"], answer["output"]["user"]["login"]) == (1347, "octocat")
    assert prism.violations(mark) == []


def test_an_action_by_body_answers_the_bare_output(user: Client) -> None:
    action = {"@type": "action", "service": "github", "serviceVersion": "1.0.0", "action": "issue.create"}
    assert user.ok("POST", "/v1/execute", {**action, "input": NEW_ISSUE})["number"] == 1347


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("repo.get", {}),
        ("issue.list", {"state": "all", "labels": ["bug"]}),
        ("issue.comment", {"number": 1347, "body": "Me too"}),
        ("release.create", {"tagName": "v1.0.0"}),
    ],
)
def test_other_actions_are_accepted_by_github(user: Client, prism: Prism, name: str, data: dict[str, Any]) -> None:
    mark = prism.mark()
    body = {"repository": "octocat/Hello-World", **data}
    assert user.ok("POST", f"/v1/service/github/action/{name}/execute", body)["output"]
    assert prism.violations(mark) == []


def test_a_missing_field_is_named_before_github_is_asked(user: Client, prism: Prism) -> None:
    mark = prism.mark()
    answer = user.call("POST", "/v1/service/github/action/issue.create/execute", {"repository": "a/b"})

    assert (answer.status_code, "title" in answer.text) == (400, True)
    assert prism.lines[mark:] == []


def test_githubs_refusal_surfaces(admin: Client, user: Client, prism: Prism) -> None:
    code = """
        const path = await service.fn.repository(input.data.repository);
        return (await service.fn.request("POST", `${path}/issues`, { body: { body: "no title" } })).data;
    """
    schema = {"variables": [{"title": "repository", "type": "string"}], "output": {}}
    logic = {"execute": {"language": "javascript", "code": code}}
    action = {"name": "issue.untitled", "label": {"en": "Untitled"}, "schema": schema, "logic": logic}
    assert admin.call("POST", "/v1/service/github/action", action).status_code in (200, 409)
    mark = prism.mark()
    answer = user.call("POST", "/v1/service/github/action/issue.untitled/execute", {"repository": "a/b"})

    assert (answer.status_code >= 400, "GitHub answered 422" in answer.text) == (True, True), answer.text
    assert any("title" in violation for violation in prism.violations(mark, at_least=1))
