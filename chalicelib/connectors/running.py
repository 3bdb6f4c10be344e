"""Run one hook of a component with everything it may see, and let nothing secret out by the way of logs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from chalicelib.connectors import definitions, logic
from chalicelib.connectors.failures import TokenRejected, as_answered
from chalicelib.connectors.models import Component, Service, ServiceVersion
from chalicelib.connectors.outside import Outside
from chalicelib.core import clock
from chalicelib.core.config import settings
from chalicelib.core.errors import LogicFailed, NotFound
from chalicelib.core.redaction import Redactor

if TYPE_CHECKING:
    from chalicelib.adapters.javascript import Outcome, Script
    from chalicelib.credentials.public import Credential

# A body of 1 MB, nested 64 levels deep, comes parsed and as its exact text, and has the notification around it.
NOTIFICATION_LIMITS = {"max_input_bytes": 4 * 1_048_576, "max_input_depth": 66}


@dataclass(frozen=True)
class HookRun:
    """One run of a hook.

    `bindings` become globals of the script (input, notification, variables, ...). `version` is the service version
    whose scripts are seen; None resolves to the one that runs. now_ms and seed make a run repeatable (0, "": not).
    timeout_s None means settings().logic_timeout_s, cut by deadline_ms (0: none). `cached` lets values and version be
    up to 5 s old; `values` are the variables' where they were read before. `outside` replaces the way out; it must
    have the runner's Host.http, and leaves it to its maker what to do when the third party rejects the token.
    """

    workspace_id: str
    service: Service
    component: Component | ServiceVersion
    hook: str
    bindings: Mapping[str, Any] = field(default_factory=dict)
    credential: Credential | None = None
    version: ServiceVersion | None = None
    seed: str = ""
    now_ms: int = 0
    timeout_s: float | None = None
    deadline_ms: int = 0
    cached: bool = True
    outside: Any = None
    values: dict[str, Any] | None = field(default=None, repr=False)


def run_hook(run: HookRun) -> Outcome:
    """Run a hook; see connectors.public."""
    if run.outside is None and run.credential is not None:
        return run_answered(run)
    return _run(run, run.outside or Outside(run.workspace_id, _timeout_s(run)))


def run_answered(run: HookRun) -> Outcome:
    """Run a hook, and once more with a renewed token when the third party rejects this one before anything changed.

    Raises what _run raises, but TokenRejected and RunTimedOut where the third party is the cause.
    """
    outside = Outside(run.workspace_id, _timeout_s(run))
    try:
        return _answered(run, outside)
    except TokenRejected:
        fresh = _renewed(run, is_again=not outside.has_acted)
        if fresh is None or outside.has_acted:
            raise
    return _answered(replace(run, credential=fresh), Outside(run.workspace_id, _timeout_s(run)))


def _renewed(run: HookRun, *, is_again: bool) -> Credential | None:
    from chalicelib.credentials import public as credentials  # which leans on connectors, so not at the top

    if run.credential is None:
        return None
    return credentials.credential_after_rejection(run.workspace_id, run.service, run.credential, may_wait=is_again)


def _answered(run: HookRun, outside: Outside) -> Outcome:
    try:
        return _run(run, outside)
    except LogicFailed as failed:
        raise as_answered(failed, has_token=run.credential is not None, is_waiting=outside.is_waiting) from failed


def _timeout_s(run: HookRun) -> float:
    timeout_s = settings().logic_timeout_s if run.timeout_s is None else run.timeout_s
    if run.deadline_ms:
        timeout_s = min(timeout_s, max(0.1, (run.deadline_ms - clock.now_ms()) / 1000))
    return timeout_s


def _run(run: HookRun, outside: Any) -> Outcome:
    from chalicelib.adapters.javascript import runner  # heavy
    from chalicelib.credentials import public as credentials  # which leans on connectors, so not at the top

    code = logic.code_of(run.component, run.hook)
    if code is None:
        raise NotFound(f"this {run.component.NOUN} has no {run.hook} hook")
    values = run.values
    if values is None:
        values = credentials.variable_values(run.workspace_id, run.service, cached=run.cached)
    script = _script(run, code, values)
    try:
        outcome = runner().run(_room(run), script, outside)
    except LogicFailed as failed:
        hide = redactor_of(run.credential, values)
        failed.message = hide.text(failed.message)
        failed.args = (failed.message,)
        failed.details = hide.value(failed.details)
        failed.logs = hide.value(failed.logs)
        raise
    if outcome.logs:
        outcome = replace(outcome, logs=redactor_of(run.credential, values).value(outcome.logs))
    return outcome


def _script(run: HookRun, code: str, values: dict[str, Any]) -> Script:
    from chalicelib.adapters.javascript import Script  # heavy

    return Script(
        code=code,
        bindings={**run.bindings, **seen_by_logic(run.credential, values)},
        functions=logic.scripts_of(run.version or _version(run)),
        timeout_s=_timeout_s(run),
        now_ms=run.now_ms,
        seed=run.seed,
        **(NOTIFICATION_LIMITS if "notification" in run.bindings else {}),
    )


def seen_by_logic(credential: Credential | None, values: dict[str, Any]) -> dict[str, Any]:
    """Build the globals every script has; its functions (`service.fn`) are added by the runner."""
    service = {
        "token": None if credential is None else credential.record,
        "token_name": None if credential is None else credential.name,
        "url": None if credential is None else credential.service_url,
        "virtual": None if credential is None else credential.virtual_id,
        "vars": values,
    }
    return {"service": service, "connector": service, "credential": service["token"]}


def redactor_of(credential: Credential | None, values: Any) -> Redactor:
    """Mask a token's secrets and every text among the values of variables."""
    return Redactor([*(credential.secrets if credential else ()), *_texts(values)])


def _room(run: HookRun) -> str:
    """Say with whose scripts a run may share a process: another workspace's code stays apart from one's own."""
    owner = run.service.workspace_id
    return run.workspace_id if owner == run.workspace_id else f"{run.workspace_id}|{owner}"


def _version(run: HookRun) -> ServiceVersion | None:
    return definitions.cached_version(run.service) if run.cached else definitions.find_version(run.service, None)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)
