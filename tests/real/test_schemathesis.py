"""Every operation of the document this API shows of itself, asked by schemathesis with all its checks.

A platform is started with one of everything on it; schemathesis reads /v1/openapi.json and sends what the document
allows and what it does not: boundaries of every field first, then random values, then chains of calls. The run is
seeded. A longer one, whose failures are printed in full:

    MILLRACE_FUZZ_SEED=7 MILLRACE_FUZZ_S=600 .venv/bin/pytest tests/real/test_schemathesis.py -s

What is left out stands in LEFT_OUT and REFUSED_RIGHTLY below, each with its reason.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.harness.stack import Stack
from tests.real.prepared import KEY, Prepared
from tests.real.receiver import Receiver

ROOT = Path(__file__).parents[2]
SEED = int(os.environ.get("MILLRACE_FUZZ_SEED", "20260131"))
LONGER_S = os.environ.get("MILLRACE_FUZZ_S")
EXAMPLES = 20  # random requests for each operation
CHAINS = 60  # of up to CHAIN_STEPS calls that use what the calls before made
CHAIN_STEPS = 6
OTHERS_EXAMPLES = 3
LIMIT_S = int(LONGER_S or 0) + 600
ACCEPTED = ["2xx", "302", "403", "404", "409", "422"]  # of requests that fit the document; 400 is the question
ALL = "*"


@dataclass(frozen=True)
class LeftOut:
    """A check that is not made of some operations, by operationId."""

    check: str
    operations: tuple[str, ...]
    why: str


LEFT_OUT: tuple[LeftOut, ...] = (
    LeftOut(
        "positive_data_acceptance",
        ("receiveOauthCallback",),
        "a state that was not given out by getServiceOauthUrl is refused with a page, whatever it looks like",
    ),
)


# The contract has these answer 500 when the logic on trial throws. `details.position` says that it was so; any other
# 500 of theirs is a bug.
TRIALS = ("testLogic", "testNotification")


@dataclass(frozen=True)
class Rightly:
    """A refusal (status 400) of a request that fits the document, for a reason the document cannot say.

    `location` and `kind` are those of the answer's first fault; a location ending in `*` stands for all that begin so.
    """

    operations: tuple[str, ...]
    location: str
    kind: str
    why: str

    def fits(self, operation: str, fault: dict[str, str]) -> bool:
        """Say whether a fault in the answer of an operation is this one."""
        place, wanted = fault["location"], self.location
        is_there = place.startswith(wanted[:-1]) if wanted.endswith("*") else place == wanted
        is_named = self.operations == (ALL,) or operation in self.operations
        return is_named and is_there and self.kind in (ALL, fault["kind"])


COMPONENTS = (
    *("createAction", "createEvent", "createTrigger", "createDatatype", "createCondition", "createServiceVersion"),
    *("updateAction", "updateEvent", "updateTrigger", "updateDatatype", "updateCondition", "updateServiceVersion"),
)
AUTOMATIONS = ("createAutomation", "importAutomation", "createAutomationVersion", "updateAutomationVersion")
TOKENS = ("createUserToken", "updateToken")
SUBSCRIBING = ("createSubscription", "createTriggerSubscription", "updateForwarding")
RUNS = ("executeAction", "execute", "executeDatatype", "refreshActionVariables")
REFUSED_RIGHTLY: tuple[Rightly, ...] = (
    Rightly((ALL,), "query.cursor", "token", "a cursor is what the page before gave, sealed; no other text is one"),
    Rightly((ALL,), "body", "json", "names that reach a JavaScript prototype, numbers beyond 64 bits; anywhere inside"),
    Rightly((ALL,), "body.name", "name", "the form of an id, or blanks at the ends: no pattern says both well"),
    Rightly(COMPONENTS, "body.logic.*", ALL, "which hooks there are depends on the kind; code has to be JavaScript"),
    Rightly((*COMPONENTS, "createVariable", "updateVariable"), "body.schema*", ALL, "has to be a JSON Schema itself"),
    Rightly((ALL,), "body.defaultServiceSecurityId", "reference", "has to be a security of this service"),
    Rightly((ALL,), "body.defaultVersionId", "reference", "has to be a version of this service"),
    Rightly(("createSecurity",), "body.id", "mismatch", "an id in the body has to be the one in the path"),
    Rightly(("createSecurity", "updateSecurity"), "body.config*", ALL, "what it holds depends on the type and scheme"),
    Rightly(("setVariableValue",), "body.value*", ALL, "the variable's own schema says what its value is"),
    Rightly(("updateToken",), "body.token", "missing", "needed when the type changes"),
    Rightly(("updateToken",), "body.refreshToken", "type", "belongs to tokens of type oauth"),
    Rightly(TOKENS, "body.code", ALL, "stands in place of a token, for securities of type oauth2 only"),
    Rightly(SUBSCRIBING, "body.url", ALL, "has to be a URL that may be called"),
    Rightly(SUBSCRIBING, "body.variables*", ALL, "the trigger's own schema says what they are"),
    Rightly(("updateOauthRedirects",), "body.urls*", "url", "has to be https, or http on this machine"),
    Rightly(("getServiceOauthUrl",), "query.*", ALL, "has to be among the redirects, or an instance of the service"),
    Rightly((*RUNS, "testLogic"), "query.userId", "token", "has to be a user with a token, where the service asks"),
    Rightly(RUNS, "body*", ALL, "the action's own schema says what its input is"),
    Rightly(("importService", "startServiceImport"), "document*", ALL, "has to be an OpenAPI document of 3.0 or 3.1"),
    Rightly(("importService",), "body.url", "string_pattern_mismatch", "dialects of patterns differ in white space"),
    Rightly(("importService",), "securitySchemes*", ALL, "has to hold OpenAPI Security Scheme Objects"),
    Rightly(("replaySubscription",), "body.from", ALL, "not before 1970, and not later than `to`"),
    Rightly(("replaySubscription",), "body.to", ALL, "not before 1970, nor after 9999"),
    Rightly(AUTOMATIONS, "body.definition*", ALL, "has to be what getAutomationSchema describes"),
    Rightly(("replayExecution",), "body.from", "reference", "has to be a step that was begun"),
    Rightly(("getUsage",), "query.to", "range", "not before `from`, nor 92 days after it"),
    Rightly(
        ("readMetrics",), "query.to", "range", "not before `from`, nor more than 6 days after it; alone, it is today"
    ),
    Rightly(("listExecutions",), "query.*", "format", "leap seconds are no times here"),
    Rightly(("testLogic",), "body.*", ALL, "has to lead to stored logic"),
    Rightly(("testNotification",), "body.*", ALL, "needed where the service has several events"),
)
NEVER_WELL: dict[str, str] = {  # operations that nothing sent here can make succeed
    "receiveOauthCallback": "needs a state that a provider sends back",
}


def other_surfaces() -> list[str]:
    """List the paths of operations that follow other contracts; those have their own tests."""
    import app
    from chalicelib.edge.failures import INTERACTOR
    from chalicelib.edge.route import ROWS
    from chalicelib.platform.reference import operations

    assert app.app.routes
    return sorted({operations.path_of(row) for surface, row in ROWS if surface != INTERACTOR})


def settings() -> dict[str, Any]:
    """Give the configuration of schemathesis."""
    return {
        "seed": SEED,
        "workers": 1,  # more would make the order of calls, and so the run, a matter of luck
        "continue-on-failure": True,
        "request-timeout": 40,
        **({"max-time": int(LONGER_S)} if LONGER_S else {}),
        "output": {"sanitization": {"enabled": False}},
        "generation": {"max-examples": EXAMPLES, "database": "none", "no-shrink": True},
        "auth": {"openapi": {"api_key": {"api_key": KEY}}},
        "checks": {"enabled": True, "positive_data_acceptance": {"expected-statuses": ACCEPTED}},
        "phases": {"stateful": {"max-steps": CHAIN_STEPS, "generation": {"max-examples": CHAINS}}},
        "operations": [
            *({"include-path": path, "enabled": False} for path in other_surfaces()),
            *({"include-operation-id": names(one), "checks": {one.check: {"enabled": False}}} for one in LEFT_OUT),
        ],
    }


def settings_of_others() -> dict[str, Any]:
    """Give the configuration for the surfaces that follow other contracts: every answer as the document says it is.

    What they do with requests that fit is asked by their own tests, which know what has to be there before.
    """
    made, others = settings(), set(other_surfaces())
    own = sorted(path for path in paths() if path not in others)
    checks = (
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_schema_conformance",
    )
    return {
        **made,
        "generation": {**made["generation"], "max-examples": OTHERS_EXAMPLES},
        "checks": {"enabled": False, **{check: {"enabled": True} for check in checks}},
        "phases": {"stateful": {"enabled": False}},
        "operations": [{"include-path": path, "enabled": False} for path in own],
    }


def paths() -> set[str]:
    """List the paths of all surfaces, as the document spells them."""
    import app
    from chalicelib.edge.route import ROWS
    from chalicelib.platform.reference import operations

    assert app.app.routes
    return {operations.path_of(row) for _, row in ROWS}


def names(left_out: LeftOut) -> list[str]:
    """Give the operationIds of the document: further verbs and paths of an operation are named after it."""
    return [f"{name}{ending}" for name in left_out.operations for ending in ("", "_patch", "_alias")]


def toml_of(value: Any) -> str:
    """Write a value as TOML on one line, which is JSON but for the tables."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(name)} = {toml_of(part)}" for name, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml_of, value)) + "]"
    return json.dumps(value)


def hooks(folder: Path) -> dict[str, str]:
    """Say where schemathesis finds what is there already, and where it says what was answered."""
    return {
        "SCHEMATHESIS_HOOKS": "tests.real.schemathesis_hooks",
        "PYTHONPATH": str(ROOT),
        "MILLRACE_PREPARED": str(folder / "prepared.json"),
        "MILLRACE_ANSWERED": str(folder / "answered.json"),
    }


def run(url: str, folder: Path, configured: dict[str, Any], more: dict[str, str]) -> tuple[int, str]:
    """Run schemathesis against a platform; give its exit code and what it printed."""
    config, printed = folder / "schemathesis.toml", folder / "printed.txt"
    config.write_text("\n".join(f"{name} = {toml_of(value)}" for name, value in configured.items()))
    environment = {**os.environ, **more}
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run", "--no-color"]
    command += [f"{url}/v1/openapi.json", "--url", url]
    with printed.open("wb") as out:
        done = subprocess.run(
            command, cwd=folder, env=environment, stdout=out, stderr=out, timeout=LIMIT_S, check=False
        )
    return done.returncode, printed.read_text()


def never_well(answered: dict[str, dict[str, int]]) -> set[str]:
    """Name the operations that never answered with a success: nothing behind their door was reached."""
    return {name for name, counts in answered.items() if not any(status[0] in "23" for status in counts)}


def test_every_operation_does_what_the_document_says(tmp_path: Path) -> None:
    with Receiver() as receiver, Stack(tmp_path / "stack", MILLRACE_RETRY_SCHEDULE_S="0,1") as stack:
        prepared = Prepared(stack.url, f"{receiver.url}/")
        prepared.make_all().save(tmp_path / "prepared.json")
        code, printed = run(stack.url, tmp_path, settings(), hooks(tmp_path))
        assert stack.is_up()
    print(printed[printed.find(" SUMMARY ") :])
    assert code == 0, printed[-60_000:]
    told = json.loads((tmp_path / "answered.json").read_text())
    print(f"refused rightly: {told['refused']}")
    assert never_well(told["answered"]) <= NEVER_WELL.keys()


def test_the_other_surfaces_answer_as_the_document_says(tmp_path: Path) -> None:
    with Stack(tmp_path / "stack") as stack:
        code, printed = run(stack.url, tmp_path, settings_of_others(), {})
        assert stack.is_up()
        logged = stack.log.read_text()
    print(printed[printed.find(" SUMMARY ") :])
    assert code == 0, printed[-60_000:]
    assert ".bug" not in logged
