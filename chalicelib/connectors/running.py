"""Run one hook of a component with everything it may see, and let nothing secret out by the way of logs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from chalicelib.connectors import definitions, logic
from chalicelib.connectors.models import Component, Service, ServiceVersion
from chalicelib.connectors.outside import Outside
from chalicelib.core.config import settings
from chalicelib.core.errors import LogicFailed, NotFound
from chalicelib.core.redaction import Redactor

if TYPE_CHECKING:
    from chalicelib.adapters.javascript import Outcome
    from chalicelib.credentials.public import Credential

# A body of 1 MB, nested 64 levels deep, comes parsed and as its exact text, and has the notification around it.
NOTIFICATION_LIMITS = {"max_input_bytes": 4 * 1_048_576, "max_input_depth": 66}


@dataclass(frozen=True)
class HookRun:
    """One run of a hook.

    `bindings` become globals of the script (input, notification, variables, ...). `version` is the service version
    whose scripts are seen; None resolves to the one that runs. now_ms and seed make a run repeatable (0, "": not).
    timeout_s None means settings().logic_timeout_s. `cached` lets values and version be up to 5 s old. `outside`
    replaces the way out (tests of connectors); it must have the runner's Host.http.
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
    cached: bool = True
    outside: Any = None


def run_hook(run: HookRun) -> Outcome:
    """Run a hook; see connectors.public."""
    from chalicelib.adapters.javascript import Script, runner  # heavy
    from chalicelib.credentials import public as credentials  # which leans on connectors, so not at the top

    code = logic.code_of(run.component, run.hook)
    if code is None:
        raise NotFound(f"this {run.component.NOUN} has no {run.hook} hook")
    version = run.version or _version(run)
    values = credentials.variable_values(run.workspace_id, run.service, cached=run.cached)
    timeout_s = settings().logic_timeout_s if run.timeout_s is None else run.timeout_s
    script = Script(
        code=code,
        bindings={**run.bindings, **seen_by_logic(run.credential, values)},
        functions=logic.scripts_of(version),
        timeout_s=timeout_s,
        now_ms=run.now_ms,
        seed=run.seed,
        **(NOTIFICATION_LIMITS if "notification" in run.bindings else {}),
    )
    outside = run.outside or Outside(run.workspace_id, timeout_s)
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
