"""Loaded by schemathesis itself: puts ids of things that exist where it would make some up, and keeps count.

Every eighth request keeps what was made up. What is meant to be wrong stays wrong. A DELETE gets a thing of its own,
so that the others last.
"""

from __future__ import annotations

import atexit
import itertools
import json
import os
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import schemathesis

from tests.real.prepared import USER, VARIABLES, Prepared
from tests.real.test_schemathesis import REFUSED_RIGHTLY

PREPARED = Prepared.load(Path(os.environ["MILLRACE_PREPARED"]))
T = PREPARED.things
KEPT_EVERY = 8
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
    "startServiceImport": "importId",
    "uploadServiceImportPart": "importId",
}
IN_BODY: dict[str, dict[str, Any]] = {  # operationId: members that have to name something
    "createUserToken": {"serviceSecurityId": T["securityId"]},
    "createTriggerSubscription": {"url": PREPARED.receiver_url},
    "createSubscription": {
        "platform": "default",
        "service": T["serviceId"],
        "trigger": T["triggerId"],
        "url": PREPARED.receiver_url,
        "serviceVersion": None,
        "userCredentialId": None,
    },
    "updateForwarding": {
        "url": PREPARED.receiver_url,
        "triggers": [{"service": T["serviceId"], "trigger": T["triggerId"]}],
    },
    "execute": {
        "service": T["serviceId"],
        "serviceVersion": "1.0.0",
        "action": T["actionId"],
        "actionVersion": None,
        "userCredentialId": T["tokenId"],
    },
    "testLogic": {"table": "ActionVersion", "id": T["actionId"], "record_path": None},
    "testNotification": {"service": T["serviceId"], "event": T["eventId"]},
    "createServiceVersion": {"defaultServiceSecurityId": T["securityId"]},
    "updateServiceVersion": {"defaultServiceSecurityId": T["securityId"]},
    "updateService": {"defaultVersionId": T["serviceVersionId"]},
    "refreshActionVariables": {"targetField": VARIABLES[0]["title"]},
}
IN_QUERY = {
    "userId": USER,
    "contributor_id": USER,
    "userCredentialId": T["tokenId"],
    "securityId": T["securityId"],
}
PRECIOUS = {*T.values(), USER} - {T["part"]}
count = itertools.count(1)
answered: dict[str, Counter[str]] = defaultdict(Counter)
refused: Counter[str] = Counter()
DBG: dict[str, Any] = {}


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: schemathesis.Case, kwargs: dict[str, Any]) -> None:
    """Replace made-up ids."""
    meta, name = case.meta, name_of(case)
    if meta is None:
        return
    is_wrong = {location.name: component.mode.is_negative for location, component in meta.components.items()}
    is_kept = next(count) % KEPT_EVERY == 0 or meta.phase.name.value == "stateful"
    if case.path_parameters and not is_wrong.get("PATH"):
        asked = dict(case.path_parameters)
        lost = CONSUMED.get(name)
        if not is_kept or (lost in asked and asked[lost] in PRECIOUS):
            case.path_parameters.update(in_path(name, asked))
    if is_kept:
        return
    if isinstance(case.query, dict) and not is_wrong.get("QUERY"):
        case.query.update({key: value for key, value in IN_QUERY.items() if key in case.query})
    if isinstance(case.body, dict) and not is_wrong.get("BODY"):
        body = {key: value for key, value in IN_BODY.get(name, {}).items() if key in case.body}
        if name == "addGroupUser":
            body = {"userId": PREPARED.make("userId")}
        if body:
            case.body = {**case.body, **body}


@schemathesis.hook
def after_call(context: schemathesis.HookContext, case: schemathesis.Case, response: schemathesis.Response) -> None:
    """Count what each operation answers."""
    answered[name_of(case)][str(response.status_code)] += 1
    if os.environ.get("DBG"):
        k = name_of(case) + " " + str(response.status_code)
        seen = DBG.setdefault(k, {})
        if len(seen) < 6:
            import re
            seen.setdefault(re.sub(r"[0-9a-f-]{30,}", "ID", response.text[:160]), str(case.body)[:150] + " " + str(case.query)[:100])


@schemathesis.hook
def filter_failure(
    context: schemathesis.HookContext, failure: Any, case: schemathesis.Case, response: schemathesis.Response
) -> bool:
    """Drop what is refused rightly."""
    if type(failure).__name__ != "RejectedPositiveData" or response.status_code != 400:
        return True
    name = name_of(case)
    try:
        fault = response.json()["details"]["faults"][0]
    except (ValueError, KeyError, IndexError):
        return True
    for one in REFUSED_RIGHTLY:
        if one.fits(name, fault):
            refused[f"{one.location} {one.kind}"] += 1
            return False
    return True


@atexit.register
def tell() -> None:
    """Write down the counts for the test."""
    if os.environ.get("DBG"):
        Path(os.environ["DBG"]).write_text(json.dumps(DBG, indent=1))
    Path(os.environ["MILLRACE_ANSWERED"]).write_text(json.dumps({"answered": answered, "refused": refused}))


def name_of(case: schemathesis.Case) -> str:
    """Give the operationId of the row behind a case."""
    raw = case.operation.definition.raw
    return str(raw.get("x-alias-of", raw["operationId"]))


def in_path(name: str, asked: dict[str, Any]) -> dict[str, str]:
    """Give values for the variables of a path."""
    found = {variable: T[variable] for variable in asked if variable in T}
    if (lost := CONSUMED.get(name)) in found:
        found[lost] = PREPARED.make(lost)
    if name == "deleteGroupUser":
        found["userId"] = PREPARED.make_member()
    if name == "startServiceImport":
        PREPARED.upload(found["importId"])
    return found
