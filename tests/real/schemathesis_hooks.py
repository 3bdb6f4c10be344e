"""Loaded by schemathesis itself: puts ids of things that exist where it would make some up, and keeps count.

Every eighth request keeps what was made up. What is meant to be wrong stays wrong. So that some things last as they
are, a DELETE gets a thing of its own, and changes are made to a scratch set that is replaced from time to time.
"""

from __future__ import annotations

import atexit
import itertools
import json
import os
import uuid
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import schemathesis

from tests.real.prepared import USER, VARIABLES, Prepared
from tests.real.test_schemathesis import REFUSED_RIGHTLY, TRIALS

PREPARED = Prepared.load(Path(os.environ["MILLRACE_PREPARED"]))
T = PREPARED.things
KEPT_EVERY = 8  # requests
SCRATCH_CALLS, LOOK_EVERY = 250, 5
READS = ("get", "list", "read", "execute", "refresh", "test", "receive", "replay")  # what operationIds begin with
HARMLESS = frozenset({"createTriggerSubscription", "createSubscription", "createUserToken"})
CONSUMED = {  # operationId: the path variable whose thing does not outlive it
    "deleteUser": "userId",
    "deleteService": "serviceId",
    "deleteServiceVersion": "serviceVersionId",
    "deleteSecurity": "securityId",
    "deleteVariable": "variableId",
    "deleteAction": "actionId",
    "deleteEvent": "eventId",
    "deleteTrigger": "triggerId",
    "deleteDatatype": "datatypeId",
    "deleteCondition": "condition_id",
    "deleteGroup": "groupId",
    "deleteToken": "tokenId",
    "deleteSubscription": "subscriptionId",
    "revokeKey": "keyId",
    "deleteAutomation": "automationId",
    "deleteAutomationVersion": "automationVersionId",
    "updateAutomationVersion": "automationVersionId",
    "cancelExecution": "executionId",
    "sendExecutionEvent": "executionId",
    "startServiceImport": "importId",
    "uploadServiceImportPart": "importId",
}
LEFT_OUT = {  # operationId: what is optional, in query or body, and cannot be made up
    "getServiceOauthUrl": ("redirectUrl", "serviceUrl", "userCredentialId"),
    "updateToken": ("code",),
    "createSecurity": ("id",),  # it is the one in the path
}
UNIQUE = frozenset({"id", "name", "userId", "email"})
sent: set[tuple[str, str, str]] = set()
count, changes, scratches = itertools.count(1), itertools.count(1), itertools.count(1)
answered: dict[str, Counter[str]] = defaultdict(Counter)
refused: Counter[str] = Counter()


def new_scratch() -> Prepared:
    """Make another set of things to change."""
    user = f"scratch-{next(scratches)}@example.com"
    return Prepared(PREPARED.url, PREPARED.receiver_url, user).make_all()


scratch = new_scratch()
precious = {*T.values(), USER} - {T["part"]}


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: schemathesis.Case, kwargs: dict[str, Any]) -> None:
    """Replace made-up ids."""
    meta, name = case.meta, name_of(case)
    if meta is None:
        return
    wrong = {location.name for location, component in meta.components.items() if component.mode.is_negative}
    is_kept = next(count) % KEPT_EVERY == 0 or meta.phase.name.value == "stateful"
    lasts = name in HARMLESS or name.startswith(READS)
    chosen = PREPARED if lasts else changeable()
    asked = dict(case.path_parameters or {})
    if "PATH" not in wrong and (not is_kept or (not lasts and precious.intersection(asked.values()))):
        try:
            found = in_path(chosen, name, asked)
        except RuntimeError:  # a change made before took something away
            chosen = renewed()
            found = in_path(chosen, name, asked)
        case.path_parameters.update(found)
    if is_kept:
        return
    if case.query and "QUERY" not in wrong:
        case.query.update({key: value for key, value in in_query(chosen).items() if key in case.query})
        for key in LEFT_OUT.get(name, ()):
            case.query.pop(key, None)
    if case.headers and "Idempotency-Key" in case.headers and "HEADER" not in wrong:
        case.headers["Idempotency-Key"] = str(uuid.uuid4())
    if isinstance(case.body, dict) and "BODY" not in wrong:
        named = {key: value for key, value in in_body(chosen, name).items() if key in case.body}
        if name.startswith(("create", "import")):
            named |= not_taken(name, case.body)
        kept = {key: value for key, value in case.body.items() if key not in LEFT_OUT.get(name, ())}
        if named or len(kept) < len(case.body):
            case.body = {**kept, **named}


@schemathesis.hook
def after_call(context: schemathesis.HookContext, case: schemathesis.Case, response: schemathesis.Response) -> None:
    """Count what each operation answers."""
    answered[name_of(case)][str(response.status_code)] += 1


@schemathesis.hook
def filter_failure(
    context: schemathesis.HookContext, failure: Any, case: schemathesis.Case, response: schemathesis.Response
) -> bool:
    """Drop what is refused rightly, and logic on trial that throws."""
    if type(failure).__name__ == "ServerError" and name_of(case) in TRIALS:
        return "position" not in details_of(response)
    if type(failure).__name__ != "RejectedPositiveData" or response.status_code != 400:
        return True
    name = name_of(case)
    fault = next(iter(details_of(response).get("faults", ())), None)
    if fault is None:
        return True
    for one in REFUSED_RIGHTLY:
        if one.fits(name, fault):
            refused[f"{one.location} {one.kind}"] += 1
            return False
    return True


def details_of(response: schemathesis.Response) -> dict[str, Any]:
    """Read the details of a refusal."""
    try:
        return dict(response.json().get("details", {}))
    except (ValueError, AttributeError):
        return {}


@atexit.register
def tell() -> None:
    """Write down the counts for the test."""
    Path(os.environ["MILLRACE_ANSWERED"]).write_text(json.dumps({"answered": answered, "refused": refused}))


def name_of(case: schemathesis.Case) -> str:
    """Give the operationId of the row behind a case."""
    raw = case.operation.definition.raw
    return str(raw.get("x-alias-of", raw["operationId"]))


def in_path(chosen: Prepared, name: str, asked: dict[str, Any]) -> dict[str, str]:
    """Give values for the variables of a path."""
    found = {variable: chosen.things[variable] for variable in asked if variable in chosen.things}
    if (lost := CONSUMED.get(name)) in found:
        found[lost] = chosen.make(lost)
    if name == "createSecurity":
        found.pop("securityId", None)  # a new one is called by what was made up
    if name == "deleteGroupUser":
        found["userId"] = chosen.make_member()
    if name == "startServiceImport":
        chosen.upload(found["importId"])
    return found


def in_query(chosen: Prepared) -> dict[str, str]:
    """Give values for parameters of a query."""
    return {
        "userId": chosen.user,
        "contributor_id": chosen.user,
        "userCredentialId": chosen.things["tokenId"],
        "securityId": chosen.things["oauthSecurityId"],
    }


def in_body(chosen: Prepared, name: str) -> dict[str, Any]:
    """Give values for members of an operation's body that have to name something."""
    things = chosen.things
    trigger = {"service": things["serviceId"], "trigger": things["triggerId"]}
    by_name: dict[str, dict[str, Any]] = {
        "createUserToken": {"serviceSecurityId": things["securityId"]},
        "createTriggerSubscription": {"url": chosen.receiver_url},
        "createSubscription": {
            "platform": "default",
            "url": chosen.receiver_url,
            "serviceVersion": None,
            "userCredentialId": None,
            **trigger,
        },
        "updateForwarding": {"url": chosen.receiver_url, "triggers": [trigger]},
        "execute": {
            "service": things["serviceId"],
            "serviceVersion": "1.0.0",
            "action": things["actionId"],
            "actionVersion": None,
            "userCredentialId": things["tokenId"],
        },
        "testLogic": {"table": "ActionVersion", "id": things["actionId"], "record_path": None},
        "testNotification": {"service": things["serviceId"], "event": things["eventId"]},
        "createServiceVersion": {"defaultServiceSecurityId": things["securityId"]},
        "updateServiceVersion": {"defaultServiceSecurityId": things["securityId"]},
        "updateService": {"defaultVersionId": things["serviceVersionId"]},
        "refreshActionVariables": {"targetField": VARIABLES[0]["title"]},
    }
    return {"userId": chosen.make("userId")} if name == "addGroupUser" else by_name.get(name, {})


def not_taken(name: str, body: dict[str, Any]) -> dict[str, str]:
    """Give other values for what has to be unique and was sent before."""
    made: dict[str, str] = {}
    for key in UNIQUE.intersection(body):
        value = body[key]
        if isinstance(value, str) and (name, key, value) in sent:
            made[key] = f"{uuid.uuid4()}@example.com" if key == "email" else f"one-{uuid.uuid4()}"
        elif isinstance(value, str):
            sent.add((name, key, value))
    return made


def changeable() -> Prepared:
    """Give the set of things to change: a new one after a number of calls, because changes make it useless."""
    number = next(changes)
    is_used_up = number % SCRATCH_CALLS == 0 or (number % LOOK_EVERY == 0 and not scratch.is_there())
    return renewed() if is_used_up else scratch


def renewed() -> Prepared:
    """Replace the set of things to change."""
    global scratch
    scratch = new_scratch()
    return scratch
