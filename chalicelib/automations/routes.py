"""Every HTTP operation of automations."""

# ruff: noqa: E501

from __future__ import annotations

from chalicelib.automations import activation, automations, events, executions, history, replays, usage, versions
from chalicelib.automations.schemas import (
    AutomationIn,
    AutomationOut,
    AutomationPatch,
    EnableIn,
    EventIn,
    ExecuteIn,
    ImportIn,
    ReplayIn,
    VersionIn,
    VersionOut,
    VersionPatch,
)
from chalicelib.edge.auth import READ, RUN, WRITE
from chalicelib.edge.route import Gives, Route, blueprint
from chalicelib.edge.schema import IdOut

# fmt: off
ROUTES = [
    # operationId                    verb         path                                              does                        takes            gives          scope
    Route("listAutomations",          "GET",       "/v1/automation",                                 automations.list_of_user,   None,            AutomationOut, READ),
    Route("createAutomation",         "POST",      "/v1/automation",                                 automations.create,         AutomationIn,    IdOut,         WRITE),
    Route("getAutomationSchema",      "GET",       "/v1/automation/schema",                          automations.schema,         None,            Gives.AS_IS,   READ),
    Route("importAutomation",         "POST",      "/v1/automation/import",                          automations.import_one,     ImportIn,        Gives.AS_IS,   WRITE),
    Route("getAutomation",            "GET",       "/v1/automation/{automation_id}",                 automations.find_own,       None,            AutomationOut, READ),
    Route("updateAutomation",         "PUT,PATCH", "/v1/automation/{automation_id}",                 automations.update,         AutomationPatch, AutomationOut, WRITE),
    Route("deleteAutomation",         "DELETE",    "/v1/automation/{automation_id}",                 automations.delete,         None,            None,          WRITE),
    Route("exportAutomation",         "GET",       "/v1/automation/{automation_id}/export",          automations.export,         None,            Gives.AS_IS,   READ),
    Route("enableAutomation",         "POST",      "/v1/automation/{automation_id}/enable",          activation.enable,          EnableIn,        AutomationOut, WRITE),
    Route("disableAutomation",        "POST",      "/v1/automation/{automation_id}/disable",         activation.disable,         None,            AutomationOut, WRITE),

    Route("listAutomationVersions",   "GET",       "/v1/automation/{automation_id}/version",         versions.list_all,          None,            VersionOut,    READ),
    Route("createAutomationVersion",  "POST",      "/v1/automation/{automation_id}/version",         versions.create,            VersionIn,       IdOut,         WRITE),
    Route("getAutomationVersion",     "GET",       "/v1/automation/{automation_id}/version/{automation_version_id}",         versions.read,      None,         VersionOut,  READ),
    Route("updateAutomationVersion",  "PUT,PATCH", "/v1/automation/{automation_id}/version/{automation_version_id}",         versions.update,    VersionPatch, VersionOut,  WRITE),
    Route("deleteAutomationVersion",  "DELETE",    "/v1/automation/{automation_id}/version/{automation_version_id}",         versions.delete,    None,         None,        WRITE),
    Route("publishAutomationVersion", "POST",      "/v1/automation/{automation_id}/version/{automation_version_id}/publish", versions.publish,   None,         VersionOut,  WRITE),
    Route("executeAutomation",        "POST",      "/v1/automation/{automation_id}/version/{automation_version_id}/execute", executions.execute, ExecuteIn,    Gives.AS_IS, RUN),

    Route("listExecutions",           "GET",       "/v1/automation/{automation_id}/execution",       executions.list_of_automation, None,         Gives.AS_IS,   READ),
    Route("getExecution",             "GET",       "/v1/execution/{execution_id}",                   history.read,               None,            Gives.AS_IS,   READ),
    Route("cancelExecution",          "POST",      "/v1/execution/{execution_id}/cancel",            executions.cancel,          None,            Gives.AS_IS,   RUN),
    Route("replayExecution",          "POST",      "/v1/execution/{execution_id}/replay",            replays.replay,             ReplayIn,        Gives.AS_IS,   RUN),
    Route("sendExecutionEvent",       "POST",      "/v1/execution/{execution_id}/event",             events.send_to_one,         EventIn,         Gives.AS_IS,   RUN),
    Route("sendEvent",                "POST",      "/v1/event",                                      events.send_to_all,         EventIn,         Gives.AS_IS,   RUN),
    Route("getUsage",                 "GET",       "/v1/usage",                                      usage.read,                 None,            Gives.AS_IS,   READ),
]
# fmt: on
routes = blueprint(__name__, ROUTES)
