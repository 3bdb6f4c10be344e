"""Running actions: what goes in, what comes out, and how failures are told."""

from __future__ import annotations

import socket
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.adapters import http_client
from chalicelib.adapters.http_client import Headers, Request, Response, urls
from chalicelib.core import config
from chalicelib.core.errors import UpstreamTimeout
from tests.builders import USER, execute, make_action, make_security, make_service, make_token, make_user, make_variable
from tests.client import Client, with_query

KEY = "a-key-nobody-may-log"


@pytest.fixture
def service(client: Client) -> str:
    make_user(client, USER)
    return make_service(client, scripts={"twice": "return args[0] * 2"})


@pytest.fixture
def third_party(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Stand in for every third party: set `status`, `body` or `error`; `requests` are what it got."""
    state: dict[str, Any] = {"status": 200, "body": b"{}", "error": None, "requests": []}

    def send(_workspace_id: str, request: Request) -> Response:
        state["requests"].append(request)
        state.get("during", lambda: None)()
        if state["error"] is not None:
            raise state["error"]
        headers = Headers([("content-type", "application/json")])
        return Response(state["status"], headers, state["body"], False, 1.0, request.url)

    monkeypatch.setattr(http_client, "send", send)
    return state


def test_the_flat_body_is_the_input(client: Client, service: str) -> None:
    make_action(client, service, "return {seen: input.data, q: input.query}", name="echo")
    shown = execute(client, service, "echo", {"calendar": "a", "n": 1}, mode="x").ok()
    assert shown == {
        "input": {"calendar": "a", "n": 1},
        "output": {"seen": {"calendar": "a", "n": 1}, "q": {"mode": "x"}},
    }


def test_a_lone_input_object_is_unwrapped_unless_the_action_has_such_a_field(client: Client, service: str) -> None:
    make_action(client, service, name="plain")
    make_action(client, service, name="named", schema={"variables": [{"title": "input"}]})
    assert execute(client, service, "plain", {"input": {"a": 1}}).ok()["output"] == {"a": 1}
    assert execute(client, service, "plain", {"input": 1}).ok()["output"] == {"input": 1}
    assert execute(client, service, "named", {"input": {"a": 1}}).ok()["output"] == {"input": {"a": 1}}


def test_the_user_must_be_named_and_known(client: Client, service: str) -> None:
    make_action(client, service, name="echo")
    assert client.post(f"/v1/service/{service}/action/echo/execute", {}).status == 400
    assert execute(client, service, "echo", {}, user_id="nobody").status == 404
    assert execute(client, service, "unknown", {}).status == 404
    assert execute(client, service, "echo", [1]).status == 400


def test_input_is_validated_by_field(client: Client, service: str) -> None:
    variables = [
        {"title": "to", "type": "string", "x-required": True},
        {"name": "count", "required": False, "schema": {"type": "integer"}},
    ]
    make_action(client, service, name="send", schema={"variables": variables})
    answer = execute(client, service, "send", {"count": "many"})
    assert answer.status == 400
    assert {fault["location"] for fault in answer.body["details"]["faults"]} == {"body.to", "body.count"}
    assert execute(client, service, "send", {"to": "a", "extra": True}).ok()["output"] == {"to": "a", "extra": True}


def test_scripts_values_and_the_token_are_in_reach(client: Client, service: str) -> None:
    make_variable(client, service, name="region", value="eu-north")
    make_token(client, make_security(client, service), key=KEY, serviceUrl="https://acme.example.com")
    code = """
      return {
        twice: await service.fn.twice(21), region: service.vars.region, key: service.token.key.length,
        same: connector.token.key === credential.key, url: service.url, name: service.token_name,
        virtual: typeof service.virtual,
      };
    """
    make_action(client, service, code, name="look")
    assert execute(client, service, "look").ok()["output"] == {
        "twice": 42,
        "region": "eu-north",
        "key": len(KEY),
        "same": True,
        "url": "https://acme.example.com",
        "name": "token",
        "virtual": "string",
    }


def test_the_echoed_input_masks_secrets(client: Client, service: str) -> None:
    make_token(client, make_security(client, service), key=KEY)
    make_action(client, service, "return 1", name="one")
    assert KEY not in str(execute(client, service, "one", {"note": f"my key is {KEY}"}).ok()["input"])


def test_a_required_variable_without_a_value_is_named(client: Client, service: str) -> None:
    make_variable(client, service, name="clientId", required=True)
    make_action(client, service, name="echo")
    answer = execute(client, service, "echo")
    assert (answer.status, answer.body["details"]["variable"]) == (409, "clientId")


def test_a_service_with_a_security_needs_a_token(client: Client, service: str) -> None:
    security = make_security(client, service)
    make_action(client, service, "return service.token.id", name="who")
    assert execute(client, service, "who").status == 400
    first = make_token(client, security)
    assert execute(client, service, "who").ok()["output"] == first["id"]
    second = make_token(client, make_security(client, service))
    third = make_token(client, security)
    assert execute(client, service, "who").ok()["output"] == third["id"]
    assert execute(client, service, "who", userCredentialId=second["id"]).ok()["output"] == second["id"]
    assert execute(client, service, "who", userCredentialId="unknown").status == 404


def test_a_throwing_script_answers_its_line_and_no_secret(client: Client, service: str) -> None:
    make_token(client, make_security(client, service), key=KEY)
    make_action(client, service, "console.log('x')\nthrow new Error('no: ' + service.token.key)", name="fails")
    answer = execute(client, service, "fails")
    assert (answer.status, answer.body["type"]) == (422, "LogicFailed")
    assert answer.body["details"]["line"] == 2
    assert answer.body["error"].startswith("no: ") and KEY not in str(answer.body)


def test_a_disabled_service_refuses(client: Client, service: str) -> None:
    make_action(client, service, name="echo")
    client.put(f"/v1/service/{service}", {"enabled": False}).ok()
    assert execute(client, service, "echo").status == 403
    assert client.get(f"/v1/service/{service}/action/echo").status == 200


def test_an_action_without_logic_is_not_found(client: Client, service: str) -> None:
    make_action(client, service, name="empty", logic={})
    assert execute(client, service, "empty").status == 404


def test_third_parties_are_reached_through_the_guarded_client(
    client: Client, service: str, third_party: dict[str, Any]
) -> None:
    third_party["body"] = b'{"items": [1]}'
    code = "const {data} = await $.axios.post('https://api.example.com/x', {a: 1}); return data.items"
    make_action(client, service, code, name="call")
    assert execute(client, service, "call").ok()["output"] == [1]
    (request,) = third_party["requests"]
    assert (request.method, request.url, request.body) == ("POST", "https://api.example.com/x", b'{"a":1}')
    assert request.max_redirects <= 3 and request.timeout_s <= 5


def test_a_rejected_token_is_told_in_the_words_clients_match(
    client: Client, service: str, third_party: dict[str, Any]
) -> None:
    make_token(client, make_security(client, service), key=KEY)
    third_party["status"] = 401
    make_action(client, service, "return (await $.axios.get('https://api.example.com/')).data", name="call")
    answer = execute(client, service, "call")
    assert (answer.status, answer.body["error"]) == (500, "Connector token is unauthorized")


def test_a_silent_third_party_is_a_timeout(client: Client, service: str, third_party: dict[str, Any]) -> None:
    third_party["error"] = UpstreamTimeout("silent")
    make_action(client, service, "return (await $.axios.get('https://api.example.com/')).data", name="call")
    answer = execute(client, service, "call")
    assert (answer.status, answer.body["error"]) == (500, "Timeout")


def test_a_refused_connection_is_told_in_the_word_clients_match(
    client: Client, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through the real client: nothing listens at that port."""
    allowed = replace(config.settings(), egress_allow=frozenset({"127.0.0.1:*"}))
    monkeypatch.setattr(urls, "settings", lambda: allowed)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        make_action(client, service, f"return (await $.axios.get('http://127.0.0.1:{port}/')).data", name="call")
        answer = execute(client, service, "call")
    assert (answer.status, answer.body["error"]) == (500, "econnrefused")


SIGN_IN = {"title": "signIn", "enum": ["token", "none"], "default": "token", "x-withoutToken": ["none"]}


def test_an_action_asks_for_no_token_where_its_input_says_so(client: Client, service: str) -> None:
    make_security(client, service)
    code = "return service.token === null"
    make_action(client, service, code, name="call", schema={"variables": [SIGN_IN]})
    for wanted in ({}, {"signIn": "token"}):
        answer = execute(client, service, "call", wanted)
        assert (answer.status, answer.body["details"]["faults"][0]["kind"]) == (400, "token")
    assert execute(client, service, "call", {"signIn": "none"}).ok()["output"] is True


def test_variables_that_change_during_a_run_do_not_spoil_its_answer(
    client: Client, service: str, third_party: dict[str, Any]
) -> None:
    """A run that took place is answered, its secrets masked, whatever became of the values since."""
    variable = make_variable(client, service, name="pass", required=True, value="sesame-opens-it")["id"]
    make_action(client, service, "return (await $.axios.get('https://api.example.com/')).status", name="call")
    path = with_query(f"/v1/service/{service}/variable/{variable}", userId=USER)
    third_party["during"] = lambda: client.delete(path).ok()
    answer = execute(client, service, "call", {"word": "sesame-opens-it"}).ok()
    assert answer == {"input": {"word": "***"}, "output": 200}


def test_a_script_makes_at_most_fifty_calls(client: Client, service: str, third_party: dict[str, Any]) -> None:
    code = "for (let i = 0; i < 60; i++) await $.axios.get('https://api.example.com/')"
    make_action(client, service, code, name="greedy")
    assert execute(client, service, "greedy").status == 422
    assert len(third_party["requests"]) == 50


# --- by body, and versions -----------------------------------------------------------------------------------


def generic(client: Client, **body: Any) -> Any:
    sent = {"@type": "action", "serviceVersion": "1.0.0", **body}
    return client.post(with_query("/v1/execute", userId=USER), sent)


def test_the_generic_execute_answers_the_bare_output(client: Client) -> None:
    make_user(client, USER)
    service = make_service(client, name="gmail")
    make_action(client, service, "return input.data.a", name="one")
    assert generic(client, service="gmail", action="one", input={"a": [1]}).ok() == [1]
    assert generic(client, service="gmail", action="one").ok() is None
    assert generic(client, service="gmail", action="one", serviceVersion="9").status == 404
    assert generic(client, service="gmail").status == 400
    assert generic(client, service="gmail", action="one", **{"@type": "trigger"}).status == 400


def test_a_published_service_version_pins_what_actions_do(client: Client) -> None:
    make_user(client, USER)
    service = make_service(client, name="gmail")
    make_action(client, service, "return 1", name="one")
    client.post(f"/v1/service/{service}/version", {"name": "2.0.0", "published": True}).ok()
    path = f"/v1/service/{service}/action/one"
    second = client.put(f"{path}?version=minor", {"logic": {"execute": "return 2"}}).ok()
    assert execute(client, service, "one").ok()["output"] == 2
    assert generic(client, service="gmail", action="one", serviceVersion="2.0.0").ok() == 1
    assert generic(client, service="gmail", action="one", serviceVersion="2.0.0", actionVersion="1.1.0").ok() == 2
    assert generic(client, service="gmail", action="one", actionVersion="1.0.0").ok() == 1
    assert generic(client, service="gmail", action="one", actionVersion="7.0.0").status == 404
    assert execute(client, service, second["version_id"]).ok()["output"] == 2


def test_what_was_just_changed_runs_at_once(client: Client, service: str) -> None:
    action = make_action(client, service, "return 1", name="one")
    assert execute(client, service, "one").ok()["output"] == 1
    path = f"/v1/service/{service}/action/{action['id']}?version=1.0.0"
    client.put(path, {"logic": {"execute": "return 2"}}).ok()
    assert execute(client, service, "one").ok()["output"] == 2


def test_another_workspace_cannot_run_it(client: Client, stranger: Client, service: str) -> None:
    make_action(client, service, name="echo")
    make_user(stranger, USER)
    assert execute(stranger, service, "echo").status == 404


def test_numbers_nothing_can_keep_are_refused(client: Client, service: str) -> None:
    make_action(client, service, name="echo", schema={"variables": [{"title": "n", "type": "integer"}]})
    assert execute(client, service, "echo", {"n": 10**30}).status == 400
    assert execute(client, service, "echo", {"n": 2**53}).ok()["output"] == {"n": 2**53}
