"""Trial runs for developers: stored logic on made-up data, made-up notifications. Nothing is stored or delivered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chalicelib.connectors import definitions, logic, references, running
from chalicelib.connectors.models import KINDS, Component, Event, Service, ServiceVersion, Trigger, find_anywhere
from chalicelib.connectors.outside import Outside
from chalicelib.connectors.running import HookRun
from chalicelib.core import clock
from chalicelib.core.call import Call, usable_text
from chalicelib.core.config import settings
from chalicelib.core.errors import InvalidInput, LogicFailed, NotFound
from chalicelib.credentials import public as credentials

_VERSION = "version"
_NOTIFICATION: dict[str, Any] = {"method": "POST", "headers": {}, "query": {}, "body": None, "rawBody": ""}


class TrialFailed(LogicFailed):
    """The logic on trial threw; `details.position` says where."""

    http_status = 500

    def __init__(self, failed: LogicFailed) -> None:
        super().__init__(failed.message, kind=failed.kind, line=failed.line, column=failed.column, logs=failed.logs)
        self.details["position"] = {"line": failed.line, "column": failed.column}


@dataclass(frozen=True)
class Trial:
    """Whose logic is run: a component's, or a service version's own."""

    service: Service
    version: ServiceVersion | None
    record: Any


def test_logic(call: Call) -> Any:
    """Run the logic of a stored record on trial data and answer its bare value; of several hooks, a list of values.

    References in `data` read from `source`. Raises NotFound for an unknown table or id, InvalidInput for a path that
    leads to no logic, TrialFailed when the logic throws.
    """
    body = call.body
    trial = _find(call.workspace_id, body.table or "", body.id or "")
    hooks = _hooks(trial, body.record_path)
    data = references.resolve(body.data or {}, {"source": body.source or []}, source=body.source or [])
    values = [_run(call, trial, hook, _bindings(trial.record, data)) for hook in hooks]
    return values[0] if len(values) == 1 else values


def test_notification(call: Call) -> None:
    """Route a made-up notification and run the triggers it belongs to, delivering nothing; an empty body does nothing.

    The body is `{service, event, notification}`; `event` may be left out where the service has only one, `variables`
    may be added for the triggers. Raises InvalidInput, NotFound, TrialFailed.
    """
    from chalicelib.subscriptions import public as subscriptions  # subscriptions lean on connectors

    if not isinstance(call.body, dict):
        raise InvalidInput.at("body", "must be a JSON object", "type")
    if not call.body:
        return
    service = definitions.find_service(call.workspace_id, _text(call.body, "service"))
    version = definitions.find_version(service, None)
    event = _event(service, call.body)
    notification = _notification(call.body.get("notification"))
    if logic.code_of(event, "route") is None:
        targets = subscriptions.default_targets(event.name, event.setting)
    else:
        routed = _run(call, Trial(service, version, event), "route", {"notification": notification})
        targets = subscriptions.targets_of(routed)
    for target in targets:
        trigger = definitions.find_component(service, Trigger.KIND, target.trigger, within=version)
        if logic.code_of(trigger, "trigger") is not None:
            variables = call.body.get("variables") or {}
            bindings = {"notification": notification, "variables": variables, "match": target.match}
            _run(call, Trial(service, version, trigger), "trigger", bindings)


def _find(workspace_id: str, table: str, record_id: str) -> Trial:
    kind = table[:1].lower() + table[1:]
    kind = kind.removesuffix("Version") or _VERSION
    kind = _VERSION if kind in ("service", "serviceversion") else kind
    is_known = kind == _VERSION or kind in KINDS
    if not is_known or not record_id or not logic.HOOKS.get(kind):
        raise NotFound(f"there is no table of logic called {table}" if not is_known else "no such record")
    found = find_anywhere(workspace_id, kind, usable_text(record_id, "body.id"))
    if found is None:
        raise NotFound(f"no such {kind}: {record_id}")
    service, record = found
    version = record if isinstance(record, ServiceVersion) else definitions.find_version(service, None)
    return Trial(service, version, record)


def _hooks(trial: Trial, record_path: list[Any] | None) -> list[str]:
    """Pick the hooks that the paths lead to: `[["logic", "execute"]]`; without any the sole one, or the main one."""
    kind = _VERSION if isinstance(trial.record, ServiceVersion) else trial.record.KIND
    there = [hook for hook in logic.HOOKS[kind] if hook in trial.record.logic]
    if not there:
        raise InvalidInput.at("body.id", f"this {kind} has no logic", "missing")
    if not record_path:
        return there[:1]
    paths = record_path if all(isinstance(path, list) for path in record_path) else [record_path]
    hooks = [next((step for step in path if step in there), None) for path in paths]
    if None in hooks:
        raise InvalidInput.at("body.record_path", f"must lead to one of: {', '.join(there)}", "choice")
    return [str(hook) for hook in hooks]


def _bindings(record: Any, data: Any) -> dict[str, Any]:
    """Hand the data to the logic where its kind looks for it."""
    bindings: dict[str, Any] = {"input": {"data": data, "query": {}}}
    if isinstance(record, Event):
        bindings["notification"] = _notification(data)
    if isinstance(record, Trigger):
        given = data if isinstance(data, dict) else {}
        bindings["notification"] = _notification(given.get("notification", data))
        bindings["variables"] = given.get("variables") or {}
        bindings |= {name: given.get(name) for name in ("stored", "cursor", "match")}
        bindings["webhook"] = given.get("webhook") or {"url": None, "urls": {}}
    return bindings


def _notification(given: Any) -> dict[str, Any]:
    """Take a notification as hooks see it; anything else is taken for its body."""
    is_whole = isinstance(given, dict) and given.keys() & {"body", "headers", "rawBody"}
    return {**_NOTIFICATION, **(given if is_whole else {"body": given})}


def _run(call: Call, trial: Trial, hook: str, bindings: dict[str, Any]) -> Any:
    user_id, asked = call.user_id, call.query.get("userCredentialId")
    credential = None
    if user_id is not None:
        credential = credentials.credential_for(
            call.workspace_id, trial.service, trial.version, user_id, asked, required=False
        )
    timeout_s = min(settings().logic_timeout_s, max(0.1, (call.deadline_ms - clock.now_ms()) / 1000))
    run = HookRun(
        call.workspace_id,
        trial.service,
        trial.record,
        hook,
        bindings,
        credential=credential,
        version=trial.version,
        timeout_s=timeout_s,
        cached=False,
        outside=Outside(call.workspace_id, timeout_s),
    )
    try:
        return running.run_hook(run).value
    except LogicFailed as failed:
        raise TrialFailed(failed) from failed


def _event(service: Service, body: dict[str, Any]) -> Component:
    if body.get("event") is not None:
        return definitions.find_component(service, Event.KIND, _text(body, "event"))
    events = definitions.components(service, Event.KIND)
    if len(events) != 1:
        raise InvalidInput.at("body.event", "is required, because the service does not have exactly one", "missing")
    return events[0]


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str):
        raise InvalidInput.at(f"body.{name}", "is required", "missing")
    return usable_text(value, f"body.{name}")
