"""Connecting a subscriber's Slack in the browser: no API key, so a state value binds the way out to the way back."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any
from urllib.parse import quote, urlencode

import orjson

from chalicelib.adapters import http_client
from chalicelib.adapters.http_client import Request
from chalicelib.channels import integrations, subscribers
from chalicelib.channels.models import states
from chalicelib.channels.models.settings import Integration, workspace_of
from chalicelib.channels.schemas import SubscriberIn
from chalicelib.core.call import Call
from chalicelib.core.config import settings
from chalicelib.core.errors import InvalidInput, NotFound, UpstreamFailed
from chalicelib.edge.route import Answer, raw_answer
from chalicelib.identity.public import authenticate

AUTHORIZE_URL = "https://slack.com/oauth/v2/authorize"
ACCESS_URL = "https://slack.com/api/oauth.v2.access"
CLOSING = "<!doctype html><title>Connected</title><script>window.close();</script><p>You may close this window."
_PAGE = {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}


def begin(call: Call) -> Answer:
    """Send the browser to the provider's page."""
    workspace_id, item, credentials = _integration(call)
    _check_hmac(call, workspace_id, credentials)
    if not credentials.get("clientId"):
        raise NotFound("the integration has no clientId")
    state = states.put_state({"w": workspace_id, "i": item.id, "s": call.path["subscriber_id"]})
    query = {
        "client_id": credentials["clientId"],
        "scope": "incoming-webhook",
        "redirect_uri": _callback_url(call),
        "state": state,
    }
    return raw_answer("", 302, {**_PAGE, "Location": f"{AUTHORIZE_URL}?{urlencode(query)}"})


def finish(call: Call) -> Answer:
    """Trade the code for a webhook address, and keep it as the subscriber's credentials."""
    workspace_id, item, credentials = _integration(call)
    flow = states.use_state(call.query.get("state", ""))
    if flow != {"w": workspace_id, "i": item.id, "s": call.path["subscriber_id"]}:
        raise InvalidInput.at("state", "this sign-in was not begun here, or its time is over", "state")
    url = _trade(call, workspace_id, credentials)
    subscribers.upsert(workspace_id, SubscriberIn.read({"subscriberId": call.path["subscriber_id"]}).sent())
    sent = {
        "providerId": item.provider_id,
        "integrationIdentifier": item.identifier,
        "credentials": {"webhookUrl": url},
    }
    subscribers.put_credentials(workspace_id, call.path["subscriber_id"], sent, appends=False)
    if target := credentials.get("redirectUrl"):
        return raw_answer("", 302, {**_PAGE, "Location": http_client.check_url(target)})
    return raw_answer(CLOSING, 200, _PAGE)


def _integration(call: Call) -> tuple[str, Integration, dict[str, Any]]:
    workspace_id = workspace_of(call.required_query("environmentId"))
    provider, identifier = call.path["provider_id"], call.query.get("integrationIdentifier")
    if workspace_id is None or provider != "slack":
        raise NotFound(f"there is no chat integration of {provider}")
    found = [
        one
        for one in Integration.list_all(workspace_id)
        if one.active and one.provider_id == provider and identifier in (None, "", one.identifier)
    ]
    if not found:
        raise NotFound(f"there is no chat integration of {provider}")
    return workspace_id, found[-1], integrations.open_credentials(found[-1])


def _check_hmac(call: Call, workspace_id: str, credentials: dict[str, Any]) -> None:
    """Check that a server of the workspace's own made the link: it signs the subscriber's id with its API key.

    That is the key with which the integration was last saved, as long as it opens this workspace.
    """
    if not credentials.get("hmac"):
        return
    key = str(credentials.get(integrations.SIGNING_KEY) or "")
    caller = authenticate(key) if key else None
    wanted = hmac.new(key.encode(), call.path["subscriber_id"].encode(), hashlib.sha256).hexdigest()
    is_ours = caller is not None and caller.workspace_id == workspace_id
    if not is_ours or not hmac.compare_digest(wanted.encode(), call.query.get("hmacHash", "").encode()):
        raise InvalidInput.at("hmacHash", "Hmac is not valid", "hmac")


def _callback_url(call: Call) -> str:
    path = "/".join(
        quote(part, safe="") for part in (call.path["subscriber_id"], "credentials", call.path["provider_id"])
    )
    kept = {name: call.query[name] for name in ("environmentId", "integrationIdentifier") if call.query.get(name)}
    return f"{settings().public_url}/v1/subscribers/{path}/oauth/callback?{urlencode(kept)}"


def _trade(call: Call, workspace_id: str, credentials: dict[str, Any]) -> str:
    fields = {
        "client_id": str(credentials.get("clientId") or ""),
        "client_secret": str(credentials.get("secretKey") or ""),
        "code": call.required_query("code"),
        "redirect_uri": _callback_url(call),
    }
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    request = Request("POST", ACCESS_URL, kind, urlencode(fields).encode(), timeout_s=10)
    try:
        answer = orjson.loads(http_client.send(workspace_id, request).body)
        url = answer["incoming_webhook"]["url"]
    except (UpstreamFailed, orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise InvalidInput.at("code", "the provider did not take the code", "refused") from error
    return str(url)
