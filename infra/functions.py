"""Every deployed function: what starts it, how big it is, and what it may touch. One row each.

The packaged configuration, the policies, the mappings, the alarms and the sizing are all made from these rows; a test
holds them to what the app registers and to the AWS calls seen while the suite runs. To add a function: its handler in
`workers.py`, its queue in `infra/queues.py`, one row here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

TIMEOUT_S = 60  # leases and sweeps reckon with a message hidden for six times this
API = "api_handler"
RUNNER = "runner"  # where scripts may run; deployed when the template's parameter LogicRunner says so


@dataclass(frozen=True)
class Stage:
    """What differs between stages beyond `.chalice/config.json`."""

    name: str
    is_kept: bool  # tables, bucket and key outlive the stack, and tables refuse deletion
    share: float  # of each function's `most`
    requests_per_s: int
    burst: int

    @property
    def prefix(self) -> str:
        """What stands before every table's, queue's and function's name."""
        return f"millrace-{self.name}-"


STAGES = {
    stage.name: stage
    for stage in (
        Stage("dev", is_kept=False, share=0.1, requests_per_s=50, burst=100),
        Stage("staging", is_kept=True, share=0.2, requests_per_s=200, burst=400),
        Stage("prod", is_kept=True, share=1.0, requests_per_s=2000, burst=4000),
    )
}


@dataclass(frozen=True)
class Function:
    """One Lambda function. `queue` starts it, or a schedule, or (the API) a request, or (the runner) a function."""

    name: str  # as Chalice knows it
    handler: str
    queue: str = ""
    timeout_s: int = TIMEOUT_S
    memory_mb: int = 1024
    most: int = 0  # invocations at once in prod: of the mapping, or reserved for a schedule
    late_s: int = 900  # an alarm when the oldest message is older
    tables: Mapping[str, str] = field(default_factory=dict)  # short name, `/index/due` behind it for the index
    sends: tuple[str, ...] = ()
    keys: str = ""
    blobs: str = ""
    alike: str = ""  # those of the same word run the same code, and a test of one is a test of all
    runs_logic: bool = False  # scripts: it may look what was used of a day, and invoke the runner where there is one
    counts: bool = False  # adds to the sums of workspaces in `work`, which is all it may do there by this
    watches: bool = False  # asks how much waits in each queue

    @property
    def is_scheduled(self) -> bool:
        """Whether a schedule starts it."""
        return not self.queue and self.name not in (API, RUNNER)

    @property
    def logical_id(self) -> str:
        """Its name in the template."""
        return "APIHandler" if self.name == API else camel(self.name)

    def most_in(self, stage: Stage) -> int:
        """How many invocations may run at once in a stage; a mapping takes at least 2."""
        return max(2, round(self.most * stage.share)) if self.queue else self.most

    def full_name(self, stage: Stage) -> str:
        """Its name in the account."""
        return stage.prefix + self.name


def camel(name: str) -> str:
    """Spell a name as the template does: fan_out becomes FanOut."""
    return "".join(part[0].upper() + part[1:] for part in name.replace("-", "_").split("_"))


# fmt: off
_W, _A = "chalicelib.subscriptions.workers.", "chalicelib.automations.workers."
_J = "chalicelib.journeys.workers."
_ENGINE = {
    "identity":  "GetItem",
    "catalogue": "GetItem PutItem Query",
    "vault":     "GetItem Query UpdateItem",
    "work":      "BatchGetItem DeleteItem GetItem PutItem Query UpdateItem",
}
FUNCTIONS = (
    Function(API, "app.app", timeout_s=29, memory_mb=1769, runs_logic=True, watches=True,
        keys="Decrypt GenerateDataKey", blobs="DeleteObject GetObject PutObject",
        tables={
            "identity":  "ConditionCheckItem DeleteItem GetItem PutItem Query UpdateItem",
            "catalogue": "BatchGetItem BatchWriteItem ConditionCheckItem DeleteItem GetItem PutItem Query",
            "vault":     "DeleteItem GetItem PutItem Query UpdateItem",
            "work":      "DeleteItem GetItem PutItem Query UpdateItem",
            "delivery":  "BatchGetItem BatchWriteItem DeleteItem GetItem PutItem Query UpdateItem",
            "channels":  "BatchGetItem BatchWriteItem DeleteItem GetItem PutItem Query UpdateItem",
            "chat":      "BatchGetItem BatchWriteItem ConditionCheckItem DeleteItem GetItem PutItem Query UpdateItem",
            "journeys":  "BatchGetItem BatchWriteItem DeleteItem GetItem PutItem Query UpdateItem",
        },
        sends=("automations_advance", "automations_backlog_advance", "automations_event", "automations_schedule",
               "channels_notify", "chat_deliver", "chat_setup", "connectors_import", "journeys_event", "journeys_job",
               "journeys_lifecycle", "journeys_step", "platform_cleanup",
               "subscriptions_fan_out", "subscriptions_poll", "subscriptions_retry")),
    Function("fan_out", _W + "fan_out", queue="subscriptions_fan_out", most=100, runs_logic=True, keys="Decrypt",
        counts=True, blobs="GetObject",
        tables={
            "catalogue": "GetItem Query",
            "vault":     "GetItem Query",
            "work":      "BatchGetItem PutItem",
            "delivery":  "Query UpdateItem",
        },
        sends=("automations_start", "subscriptions_deliver", "subscriptions_fan_out", "subscriptions_retry")),
    Function("deliver", _W + "deliver", queue="subscriptions_deliver", most=300, runs_logic=True, keys="Decrypt",
        counts=True, blobs="GetObject PutObject",
        tables={
            "identity":  "GetItem",
            "catalogue": "GetItem Query",
            "vault":     "GetItem Query UpdateItem",
            "work":      "BatchGetItem",
            "delivery":  "BatchGetItem BatchWriteItem GetItem PutItem UpdateItem",
        },
        sends=("subscriptions_retry",)),
    Function("retry", _W + "retry", queue="subscriptions_retry", most=100, late_s=3600, runs_logic=True, keys="Decrypt",
        counts=True, blobs="GetObject",
        tables={
            "identity":  "GetItem",
            "catalogue": "GetItem Query",
            "vault":     "GetItem Query UpdateItem",
            "work":      "BatchGetItem",
            "delivery":  "BatchGetItem BatchWriteItem DeleteItem GetItem PutItem Query UpdateItem",
        },
        sends=("subscriptions_retry",)),
    Function("poll", _W + "poll", queue="subscriptions_poll", most=50, runs_logic=True, keys="Decrypt",
        tables={
            "identity":  "GetItem",
            "catalogue": "GetItem Query",
            "vault":     "GetItem Query UpdateItem",
            "work":      "PutItem UpdateItem",
            "delivery":  "GetItem",
        },
        sends=("automations_start", "subscriptions_deliver", "subscriptions_poll")),
    Function("bury", _W + "bury", queue="dead_letters", memory_mb=512, most=5, blobs="GetObject",
        tables={"catalogue": "GetItem", "work": "BatchGetItem PutItem Query UpdateItem", "delivery": "UpdateItem",
                "journeys": "GetItem UpdateItem", "chat": "BatchGetItem GetItem PutItem Query UpdateItem",
                "channels": "GetItem UpdateItem"},
        sends=("automations_advance", "channels_notify", "chat_deliver", "chat_setup", "journeys_event",
               "journeys_job")),
    Function("platform_cleanup", "chalicelib.identity.workers.platform_cleanup", queue="platform_cleanup", most=10,
        late_s=3600, keys="Decrypt",
        tables={
            "identity":  "BatchWriteItem GetItem Query",
            "catalogue": "BatchWriteItem DeleteItem GetItem Query",
            "vault":     "BatchGetItem BatchWriteItem DeleteItem GetItem Query",
            "work":      "DeleteItem",
            "delivery":  "BatchGetItem BatchWriteItem DeleteItem PutItem Query UpdateItem",
        },
        sends=("platform_cleanup", "subscriptions_retry")),
    Function("connectors_import", "chalicelib.connectors.workers.connectors_import", queue="connectors_import",
        memory_mb=1769, most=10, late_s=3600, blobs="DeleteObject GetObject",
        tables={"catalogue": "ConditionCheckItem GetItem PutItem", "work": "UpdateItem"},
        sends=("connectors_import",)),
    Function("start", _A + "start", queue="automations_start", memory_mb=1769, most=200, late_s=300,
        alike="engine", runs_logic=True, keys="Decrypt", blobs="GetObject PutObject",
        tables=_ENGINE | {"delivery": "GetItem"},
        sends=("automations_advance", "automations_backlog_advance")),
    Function("advance", _A + "advance", queue="automations_advance", memory_mb=1769, most=300, late_s=300,
        alike="engine", runs_logic=True, keys="Decrypt", blobs="GetObject PutObject", tables=_ENGINE,
        sends=("automations_advance", "automations_backlog_advance")),
    Function("advance_backlog", _A + "advance_backlog", queue="automations_backlog_advance", memory_mb=1769, most=100,
        late_s=3600, alike="engine", runs_logic=True, keys="Decrypt", blobs="GetObject PutObject",
        tables=_ENGINE | {"delivery": "GetItem"},
        sends=("automations_advance", "automations_backlog_advance")),
    Function("spread_event", _A + "spread_event", queue="automations_event", memory_mb=512, most=10,
        tables={"work": "BatchWriteItem GetItem PutItem Query UpdateItem"},
        sends=("automations_advance", "automations_event")),
    Function("fire_schedule", _A + "fire_schedule", queue="automations_schedule", memory_mb=512, most=10,
        blobs="PutObject",
        tables={"catalogue": "GetItem", "work": "DeleteItem GetItem PutItem UpdateItem"},
        sends=("automations_advance", "automations_backlog_advance", "automations_schedule")),
    Function("automations_tick", _A + "tick", memory_mb=512, most=1,
        tables={"work": "UpdateItem", "work/index/due": "Query"},
        sends=("automations_advance", "automations_schedule")),
    Function("subscriptions_tick", _W + "tick", memory_mb=512, most=1,
        tables={
            "work":               "UpdateItem",
            "work/index/due":     "Query",
            "delivery":           "UpdateItem",
            "delivery/index/due": "Query",
        },
        sends=("subscriptions_poll", "subscriptions_retry")),
    Function("notify", "chalicelib.channels.workers.notify", queue="channels_notify", most=100, keys="Decrypt",
        counts=True, blobs="GetObject",
        tables={"vault": "GetItem", "channels": "BatchGetItem BatchWriteItem GetItem PutItem Query UpdateItem"},
        sends=("channels_notify",)),
    Function("channels_tick", "chalicelib.channels.workers.channels_tick", memory_mb=512, most=1,
        tables={"channels": "UpdateItem", "channels/index/due": "Query"}, sends=("channels_notify",)),
    Function(RUNNER, "chalicelib.platform.workers.runner", timeout_s=30),
    Function("chat_setup", "chalicelib.chat.workers.chat_setup", queue="chat_setup", most=20, late_s=3600,
        counts=True, runs_logic=True, keys="Decrypt", blobs="DeleteObject GetObject",
        tables={
            "identity": "DeleteItem Query",
            "vault":    "GetItem",
            "chat":     "BatchWriteItem DeleteItem GetItem PutItem Query UpdateItem",
        },
        sends=("chat_setup",)),
    Function("chat_deliver", "chalicelib.chat.workers.chat_deliver", queue="chat_deliver", most=200, late_s=300,
        counts=True, runs_logic=True, keys="Decrypt", blobs="GetObject",
        tables={
            "vault": "GetItem",
            "chat":  "BatchGetItem DeleteItem GetItem PutItem Query UpdateItem",
        },
        sends=("chat_deliver",)),
    Function("chat_tick", "chalicelib.chat.workers.chat_tick", memory_mb=512, most=1,
        tables={"chat": "UpdateItem", "chat/index/due": "Query"}, sends=("chat_deliver",)),
    Function("journeys_step", _J + "journeys_step", queue="journeys_step", memory_mb=1769, most=300,
        counts=True, keys="Decrypt", blobs="GetObject",
        tables={
            "identity": "GetItem",
            "vault":    "GetItem",
            "channels": "Query",
            "journeys": "BatchGetItem BatchWriteItem DeleteItem GetItem PutItem Query UpdateItem",
        },
        sends=("journeys_job", "journeys_lifecycle", "journeys_step")),
    Function("journeys_event", _J + "journeys_event", queue="journeys_event", most=100, counts=True, keys="Decrypt",
        tables={
            "vault":    "GetItem",
            "journeys": "BatchGetItem BatchWriteItem DeleteItem GetItem PutItem Query UpdateItem",
        },
        sends=("journeys_step",)),
    Function("journeys_job", _J + "journeys_job", queue="journeys_job", most=20, late_s=3600,
        counts=True, keys="Decrypt", blobs="DeleteObject GetObject PutObject",
        tables={
            "identity": "GetItem",
            "vault":    "GetItem",
            "journeys": "BatchGetItem BatchWriteItem DeleteItem GetItem PutItem Query UpdateItem",
        },
        sends=("journeys_job", "journeys_step")),
    Function("journeys_lifecycle", _J + "journeys_lifecycle", queue="journeys_lifecycle", memory_mb=512, most=10,
        blobs="DeleteObject",
        tables={"journeys": "BatchWriteItem DeleteItem GetItem PutItem Query UpdateItem"},
        sends=("journeys_job", "journeys_lifecycle")),
    Function("journeys_tick", _J + "journeys_tick", memory_mb=512, most=1,
        tables={"journeys": "UpdateItem", "journeys/index/due": "Query"},
        sends=("journeys_job", "journeys_lifecycle", "journeys_step")),
)
# fmt: on


def by_handler() -> dict[str, Function]:
    """Map what Lambda calls to its row."""
    return {function.handler: function for function in FUNCTIONS}
