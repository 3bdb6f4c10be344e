"""Loaded by schemathesis itself: puts ids of things that exist where it would make some up.

Every eighth request keeps what was made up. What is meant to be wrong stays wrong. A DELETE gets a thing of its own,
so that the others last.
"""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import Any

import schemathesis

from tests.real.prepared import USER, Prepared

PREPARED = Prepared.load(Path(os.environ["MILLRACE_PREPARED"]))
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
T = PREPARED.things
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
}
IN_QUERY = {
    "userId": USER,
    "contributor_id": USER,
    "userCredentialId": T["tokenId"],
    "securityId": T["securityId"],
}
_count = itertools.count(1)


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: schemathesis.Case, kwargs: dict[str, Any]) -> None:
    """Replace made-up ids."""
    meta = case.meta
    if meta is None or next(_count) % KEPT_EVERY == 0:
        return
    is_wrong = {location.name: component.mode.is_negative for location, component in meta.components.items()}
    name = case.operation.definition.raw.get("operationId", "").partition("_")[0]
    is_chained = meta.phase.name.value == "stateful"
    if case.path_parameters and not is_wrong.get("PATH") and not is_chained:
        case.path_parameters.update(_in_path(name, case.path_parameters))
    if isinstance(case.query, dict) and not is_wrong.get("QUERY"):
        case.query.update({key: value for key, value in IN_QUERY.items() if key in case.query})
    if isinstance(case.body, dict) and not is_wrong.get("BODY"):
        body = {key: value for key, value in IN_BODY.get(name, {}).items() if key in case.body}
        if name == "addGroupUser":
            body = {"userId": PREPARED.make("userId")}
        if body:
            case.body = {**case.body, **body}


def _in_path(name: str, asked: dict[str, Any]) -> dict[str, str]:
    found = {variable: T[variable] for variable in asked if variable in T}
    consumed = CONSUMED.get(name)
    if consumed in found:
        found[consumed] = PREPARED.make(consumed)
    if name == "deleteGroupUser":
        found["userId"] = PREPARED.make_member()
    return found
