"""Every place of every surface that takes an address the platform will call: how to put one there, and have it called.

A place is a function of a world and a URL that saves the URL and lets the platform use it. Those under AT_ONCE are
answered when the call was made or refused; those under LATER leave it to the workers.
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.attack.sending import Reply
from tests.attack.world import USER, World
from tests.journeys import end_step, joined, step_uuid

Json = dict[str, Any]
Place = Callable[[World, str], Reply]
_numbers = itertools.count()


def _name(what: str) -> str:
    return f"{what}{next(_numbers)}{uuid.uuid4().hex[:6]}"


def _once(world: World, what: str, make: Callable[[], str]) -> str:
    if what not in world.ids:
        world.ids[what] = make()
    return world.ids[what]


# --- services --------------------------------------------------------------------------------------------------------


def script(world: World, url: str) -> Reply:
    """Call from an action's JavaScript."""
    code = "return (await $.axios({url: input.data.url, method: 'post', data: {}})).status"
    below = f"/v1/service/{world.ids['service']}/action"
    action = _once(
        world,
        "callingAction",
        lambda: world.api.post(below, {"name": "calls", "logic": {"execute": code}}, userId=USER).ok()["id"],
    )
    return world.api.post(f"{below}/{action}/execute", {"url": url}, userId=USER)


def automation_step(world: World, url: str) -> Reply:
    """Call from the http step of an automation."""

    def make() -> str:
        step = {"id": "call", "type": "http", "method": "POST", "url": "${input.url}", "body": {}, "timeoutSeconds": 5}
        body = {"name": _name("calls"), "definition": {"steps": [step]}}
        made = world.api.post("/v1/automation/import", body, userId=USER).ok()
        path = f"/v1/automation/{made['id']}/version/{made['versionId']}"
        world.api.post(f"{path}/publish", userId=USER).ok()
        return path

    path = _once(world, "callingAutomation", make)
    return world.api.post(f"{path}/execute", {"input": {"url": url}}, userId=USER)


def token_endpoint(world: World, url: str) -> Reply:
    """Trade a code at the token endpoint of an OAuth security."""
    below = f"/v1/service/{world.ids['service']}"

    def variables() -> str:
        for name in ("clientId", "clientSecret"):
            made = world.api.post(f"{below}/variable", {"name": name}, userId=USER).ok()["id"]
            world.api.put(f"{below}/variable/{made}/value", {"value": world.secret(f"{name} of OAuth")}).ok()
        return "known"

    _once(world, "oauthVariables", variables)
    auth = {"authorizationUrl": "https://accounts.attack.example/a", "tokenUrl": url}
    body = {"type": "oauth2", "scheme": "code", "config": {"auth": auth}}
    made = world.api.post(f"{below}/security", body, userId=USER)
    if made.status >= 400:
        return made
    begun = world.api.get(f"{below}/oauth", userId=USER, securityId=made.ok()["id"])
    if begun.status >= 400:
        return begun
    state = parse_qs(urlsplit(begun.ok()["url"]).query)["state"][0]
    reply = world.api.get("/v1/oauth/callback", state=state, code="code")
    world.api.call("DELETE", f"{below}/security/{made.ok()['id']}")
    return reply


def imported_server(world: World, url: str) -> Reply:
    """Call the server an imported OpenAPI document names."""
    answers = {"responses": {"200": {"description": "Pets"}}}
    document = {
        "openapi": "3.1.0", "info": {"title": "Pets", "version": "1"}, "servers": [{"url": url}],
        "paths": {"/pets": {"get": {"operationId": "listPets", **answers}}},
    }  # fmt: skip
    made = world.api.post("/v1/service/import", {"name": _name("pets"), "document": document}, userId=USER)
    service = (made.json or {}).get("serviceId")
    if made.status >= 400 or not service:
        return made
    listed = world.api.get(f"/v1/service/{service}/action", userId=USER)
    actions = listed.json if listed.status < 400 else []
    if not actions:  # the document was refused after all
        return made
    reply = world.api.post(f"/v1/service/{service}/action/{actions[0]['id']}/execute", {}, userId=USER)
    world.api.call("DELETE", f"/v1/service/{service}")
    return reply


def service_url(world: World, url: str) -> Reply:
    """Call where a user's token says that the third party lives."""
    below = f"/v1/service/{world.ids['service']}/action"
    code = "return (await $.axios({url: service.url, method: 'post', data: {}})).status"
    action = _once(
        world,
        "servedAction",
        lambda: world.api.post(below, {"name": "served", "logic": {"execute": code}}, userId=USER).ok()["id"],
    )
    token = {"name": _name("t"), "serviceSecurityId": world.ids["security"], "key": "k", "serviceUrl": url}
    made = world.api.post(f"/v1/user/{USER}/token", token)
    if made.status >= 400:
        return made
    reply = world.api.post(f"{below}/{action}/execute", {}, userId=USER, userCredentialId=made.ok()["id"])
    world.api.call("DELETE", f"/v1/service/{world.ids['service']}/token/{made.ok()['id']}")
    return reply


def _trigger(world: World) -> str:
    """Make a trigger of the place's own, so that a notification reaches this one address; give its name."""
    name = _name("fired")
    body = {"name": name, "logic": {"trigger": "return notification.body"}}
    world.api.post(f"/v1/service/{world.ids['service']}/trigger", body, userId=USER).ok()
    return name


def _fire(world: World, trigger: str) -> None:
    world.api.post(f"/v1/hook/{world.ids['hook']}", {"trigger": trigger}).ok()


def subscription(world: World, url: str) -> Reply:
    """Deliver to a subscription."""
    trigger = _trigger(world)
    below = f"/v1/service/{world.ids['service']}/trigger/{trigger}/subscription"
    made = world.api.post(below, {"url": url, "variables": {}}, userId=USER)
    if made.status < 400:
        _fire(world, trigger)
    return made


def named_subscription(world: World, url: str) -> Reply:
    """Deliver to a subscription made by names."""
    trigger = _trigger(world)
    service = world.api.get(f"/v1/service/{world.ids['service']}", userId=USER).ok()["name"]
    body = {"platform": "default", "service": service, "trigger": trigger, "url": url, "variables": {}}
    made = world.api.post("/v1/subscription", body, userId=USER)
    if made.status < 400:
        _fire(world, trigger)
    return made


def forwarding(world: World, url: str) -> Reply:
    """Deliver to the workspace's forwarding."""
    trigger = _trigger(world)
    listed = [{"service": world.ids["service"], "trigger": trigger}]
    made = world.api.put("/v1/forwarding", {"url": url, "triggers": listed})
    if made.status < 400:
        below = f"/v1/service/{world.ids['service']}/trigger/{trigger}/subscription"
        world.api.post(below, {"variables": {}}, userId=USER)
        _fire(world, trigger)
    return made


# --- chat ------------------------------------------------------------------------------------------------------------


def bot(world: World, url: str) -> Reply:
    """Ask a bot whether it is there."""
    made = world.api.call("PUT", f"/v1/admin/bots/{_spare_bot(world)}", {"url": url})
    return made if made.status >= 400 else world.api.post(f"/v1/admin/bots/{_spare_bot(world)}/ping")


def _spare_bot(world: World) -> str:
    body = {"dev": True, "url": f"{world.receiver}/spare"}
    return _once(world, "spareBot", lambda: world.api.post("/v1/admin/bots", body).ok()["bot"]["id"])


def integration(world: World, url: str) -> Reply:
    """Ask an integration whether it is there."""

    def make() -> str:
        body = {"name": _name("spare"), "version": "0.1.0", "dev": True, "url": f"{world.receiver}/spare"}
        return str(world.api.post("/v1/admin/integrations", body).ok()["integration"]["id"])

    path = f"/v1/admin/integrations/{_once(world, 'spareIntegration', make)}"
    made = world.api.call("PUT", path, {"url": url})
    return made if made.status >= 400 else world.api.post(f"{path}/ping")


# --- notifications ---------------------------------------------------------------------------------------------------


def probe(provider: str, name: str) -> Place:
    """Check a mail integration whose credentials say where its provider lives."""

    def place(world: World, url: str) -> Reply:
        server = url.partition("://")[2].partition("/")[0]
        known = {
            "baseUrl": {"baseUrl": url, "domain": "d", "apiKey": "k", "user": "u"},
            "webhookUrl": {"webhookUrl": url, "secretKey": "k"},
            "host": {"host": server.rpartition(":")[0] or server, "port": server.rpartition(":")[2]},
        }
        credentials = {"from": "a@attack.example", "senderName": "A", **known[name]}
        body = {"providerId": provider, "channel": "email", "active": False, "check": True, "credentials": credentials}
        return world.api.post("/v1/integrations", body)

    return place


_SMS = {"apiKey": "k", "apiKeyRequestHeader": "x-key", "secretKey": "k", "from": "a", "baseUrl": "https://a.example/"}


def channel(provider: str, kind: str, name: str) -> Place:
    """Notify over a channel whose integration, or whose subscriber, says where to."""

    def place(world: World, url: str) -> Reply:
        if name == "subscriber":
            return _over(world, provider, kind, {}, {"webhookUrl": url})[1]
        return _over(world, provider, kind, {**_SMS, name: url}, {"deviceTokens": ["d"]})[0]

    return place


def _over(world: World, provider: str, kind: str, credentials: Json, own: Json) -> tuple[Reply, Reply]:
    """Notify somebody new; give what was said to the integration's credentials and to their own."""
    step = {"template": {"type": kind, "content": "Hi", "title": "Hi", "subject": "Hi"}}
    workflow = _once(world, f"workflow {kind}", lambda: _workflow(world, step))
    body = {"providerId": provider, "channel": kind, "active": True, "check": False, "credentials": credentials}
    identifier = _once(
        world, f"integration {provider}", lambda: world.api.post("/v1/integrations", body).ok()["data"]["_id"]
    )
    made = world.api.put(f"/v1/integrations/{identifier}", {"credentials": credentials, "active": True})
    world.api.post(f"/v1/integrations/{identifier}/set-primary")
    person = _name("person")
    world.api.post("/v1/subscribers", {"subscriberId": person, "phone": "+15550100", "email": "p@attack.example"})
    reply = world.api.put(f"/v1/subscribers/{person}/credentials", {"providerId": provider, "credentials": own})
    world.api.post("/v1/events/trigger", {"name": workflow, "to": person, "payload": {}})
    return made, reply


def token_gateway(world: World, url: str) -> Reply:
    """Fetch the token of an SMS gateway."""
    fetched = {**_SMS, "authenticateByToken": True, "authenticationTokenKey": "token"}
    return _over(world, "generic-sms", "sms", {**fetched, "domain": url}, {"deviceTokens": ["d"]})[0]


def condition(world: World, url: str) -> Reply:
    """Ask the webhook of a step's condition."""
    child = {"on": "webhook", "webhookUrl": url, "field": "a", "operator": "EQUAL", "value": "b"}
    filters = [{"isNegated": False, "type": "GROUP", "value": "AND", "children": [child]}]
    step = {"template": {"type": "in_app", "content": "Hi"}, "filters": filters}
    workflow = _workflow(world, step)
    return world.api.post("/v1/events/trigger", {"name": workflow, "to": "ann", "payload": {}})


def _workflow(world: World, step: dict[str, Any]) -> str:
    group = world.api.get("/v1/notification-groups").ok()["data"][0]["_id"]
    body = {"name": _name("w"), "notificationGroupId": group, "active": True, "steps": [step]}
    made = world.api.post("/v1/workflows", body)
    return str(made.json["data"]["triggers"][0]["identifier"]) if made.status < 400 else "nothing"


# --- journeys --------------------------------------------------------------------------------------------------------


def journey_step(world: World, url: str) -> Reply:
    """Call from the WEBHOOK step of a journey."""
    step = {"uuid": step_uuid(), "type": "ACTION", "operation": "WEBHOOK", "parameters": {"url": url}}
    body = {"name": _name("j"), "status": "RUNNING", **joined(step, end_step(step_uuid()))}
    made = world.flow.post("/flow/v1/automations", body)
    if made.status < 400:
        person = {"userPk": _name("p"), "attributes": {"email": "p@attack.example"}}
        world.flow.post(f"/flow/v1/automations/{made.ok()['uuid']}/customers", person).ok()
    return made


def batch(world: World, url: str) -> Reply:
    """Tell of a batch."""
    person = {"userPk": _name("p"), "attributes": {"email": "p@attack.example"}}
    body = {"sourceLabel": "b", "customers": [person], "notification": {"url": url}}
    return world.flow.post(f"/flow/v1/automations/{world.ids['journey']}/customers/batch", body)


def message_setting(provider: str) -> Place:
    """Send a test mail through the account of a setting."""

    def place(world: World, url: str) -> Reply:
        node = world.api.post("/flow/v1/nodes", {"name": "Shop", "emailActive": True}).ok()["uuid"]
        flow = world.api.also(("Node", node))
        endpoint = url.replace("http", "smtp", 1) if provider == "SMTP" else url
        value = {"provider": provider, "endpoint": endpoint, "apiKey": "k"}
        made = flow.post("/flow/v1/settings", {"category": "INTEGRATION", "type": "CLAB_API_SOAP", "value": value})
        if made.status >= 400:
            return made
        flow.post("/flow/v1/external-contents/email-models", {"identifier": 7, "name": "n"}).ok()
        mail = {"modelIdentifier": 7, "senderEmail": "a@attack.example", "subject": "s", "textContent": "t"}
        return flow.post("/flow/v1/external-contents/email-tests", {**mail, "email": "p@attack.example"})

    return place


def profile_setting(world: World, url: str) -> Reply:
    """Ask the profile store of a setting."""
    node = world.api.post("/flow/v1/nodes", {"name": "Shop"}).ok()["uuid"]
    flow = world.api.also(("Node", node))
    value = {"endpoint": url, "token": "t", "workspaceId": "w", "nodeId": "n"}
    made = flow.post("/flow/v1/settings", {"category": "INTEGRATION", "type": "HUB", "value": value})
    return made if made.status >= 400 else flow.get("/flow/v1/profiles", userPk="ann")


AT_ONCE: dict[str, Place] = {
    "action's script": script,
    "automation's http step": automation_step,
    "OAuth token endpoint": token_endpoint,
    "server of an imported document": imported_server,
    "service URL of a token": service_url,
    "bot": bot,
    "integration": integration,
    "mailgun's base URL": probe("mailgun", "baseUrl"),
    "mail webhook": probe("email-webhook", "webhookUrl"),
    "mail server": probe("nodemailer", "host"),
    "message setting HTTP": message_setting("HTTP"),
    "message setting SMTP": message_setting("SMTP"),
}
LATER: dict[str, Place] = {
    "subscription": subscription,
    "subscription by names": named_subscription,
    "forwarding": forwarding,
    "chat webhook of a subscriber": channel("slack", "chat", "subscriber"),
    "chat webhook that is rewritten": channel("discord", "chat", "subscriber"),
    "SMS base URL": channel("generic-sms", "sms", "baseUrl"),
    "SMS token URL": token_gateway,
    "push webhook": channel("push-webhook", "push", "webhookUrl"),
    "condition of a step": condition,
    "journey's call": journey_step,
    "batch's notification": batch,
    "profile setting": profile_setting,
}
ALL = {**AT_ONCE, **LATER}
