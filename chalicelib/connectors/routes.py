"""Every HTTP operation of connectors."""

# ruff: noqa: E501

from __future__ import annotations

from chalicelib.connectors import (
    actions,
    conditions,
    datatypes,
    events,
    executions,
    publishing,
    refreshing,
    securities,
    services,
    trials,
    triggers,
    variables,
    versions,
)
from chalicelib.connectors.openapi import imports
from chalicelib.connectors.openapi.schemas import ImportIn, ImportOut
from chalicelib.connectors.schemas import (
    ActionIn,
    ActionOut,
    ActionPatch,
    ConditionIn,
    ConditionOut,
    ConditionPatch,
    DatatypeIn,
    DatatypeOut,
    DatatypePatch,
    EventIn,
    EventOut,
    EventPatch,
    ExecuteIn,
    RefreshIn,
    SecurityIn,
    SecurityOut,
    SecurityPatch,
    ServiceIn,
    ServiceOut,
    ServicePatch,
    TriggerIn,
    TriggerOut,
    TriggerPatch,
    TryLogicIn,
    VariableIn,
    VariableOut,
    VariablePatch,
    VersionIn,
    VersionOut,
    VersionPatch,
)
from chalicelib.edge.auth import READ, RUN, WRITE
from chalicelib.edge.route import Body, Gives, Route, blueprint
from chalicelib.edge.schema import IdOut

ACTOR = ("userId",)  # who does it

# fmt: off
ROUTES = [
    # operationId                   verb         path                                            does                           takes           gives        scope  needs
    Route("listServices",            "GET",       "/v1/service",                                  services.list_services,        None,           ServiceOut,  READ),
    Route("createService",           "POST",      "/v1/service",                                  services.services.create,      ServiceIn,      IdOut,       WRITE, ACTOR),
    Route("getService",              "GET",       "/v1/service/{service_id}",                     services.services.read,        None,           ServiceOut,  READ),
    Route("updateService",           "PUT,PATCH", "/v1/service/{service_id}",                     services.services.update,      ServicePatch,   ServiceOut,  WRITE, ACTOR),
    Route("deleteService",           "DELETE",    "/v1/service/{service_id}",                     services.delete,               None,           None,        WRITE, ACTOR),
    Route("publishService",          "POST",      "/v1/service/{service_id}/publish",             publishing.publish,            None,           None,        WRITE),
    Route("getServiceWebhookSetting", "GET",      "/v1/service/{service_id}/webhookSetting",      services.webhook_setting,      None,           Gives.AS_IS, READ, ACTOR),

    Route("listServiceVersions",     "GET",       "/v1/service/{service_id}/version",             versions.versions.list,        None,           VersionOut,  READ),
    Route("createServiceVersion",    "POST",      "/v1/service/{service_id}/version",             versions.versions.create,      VersionIn,      IdOut,       WRITE, ACTOR),
    Route("getServiceVersion",       "GET",       "/v1/service/{service_id}/version/{version_id}", versions.versions.read,       None,           VersionOut,  READ),
    Route("updateServiceVersion",    "PUT,PATCH", "/v1/service/{service_id}/version/{version_id}", versions.versions.update,     VersionPatch,   VersionOut,  WRITE, ACTOR),
    Route("deleteServiceVersion",    "DELETE",    "/v1/service/{service_id}/version/{version_id}", versions.delete,              None,           None,        WRITE, ACTOR),

    Route("listSecurities",          "GET",       "/v1/service/{service_id}/security",            securities.securities.list,    None,           SecurityOut, READ),
    Route("createSecurity",          "POST",      "/v1/service/{service_id}/security/{security_id}", securities.create,          SecurityIn,     IdOut,       WRITE, ACTOR),
    Route("createSecurity",          "POST",      "/v1/service/{service_id}/security",            securities.create,             SecurityIn,     IdOut,       WRITE, ACTOR),
    Route("getSecurity",             "GET",       "/v1/service/{service_id}/security/{security_id}", securities.securities.read, None,           SecurityOut, READ),
    Route("updateSecurity",          "PUT,PATCH", "/v1/service/{service_id}/security/{security_id}", securities.update,          SecurityPatch,  None,        WRITE, ACTOR),
    Route("deleteSecurity",          "DELETE",    "/v1/service/{service_id}/security/{security_id}", securities.delete,          None,           None,        WRITE),

    Route("listVariables",           "GET",       "/v1/service/{service_id}/variable",            variables.variables.list,      None,           VariableOut, READ),
    Route("createVariable",          "POST",      "/v1/service/{service_id}/variable",            variables.variables.create,    VariableIn,     VariableOut, WRITE, ACTOR),
    Route("getVariable",             "GET",       "/v1/service/{service_id}/variable/{variable_id}", variables.variables.read,   None,           VariableOut, READ),
    Route("updateVariable",          "PUT,PATCH", "/v1/service/{service_id}/variable/{variable_id}", variables.update,           VariablePatch,  VariableOut, WRITE, ACTOR),
    Route("deleteVariable",          "DELETE",    "/v1/service/{service_id}/variable/{variable_id}", variables.delete,           None,           None,        WRITE),

    Route("listActions",             "GET",       "/v1/service/{service_id}/action",              actions.actions.list,          None,           ActionOut,   READ),
    Route("createAction",            "POST",      "/v1/service/{service_id}/action",              actions.actions.create,        ActionIn,       ActionOut,   WRITE, ACTOR),
    Route("getAction",               "GET",       "/v1/service/{service_id}/action/{action_id}",  actions.actions.read,          None,           ActionOut,   READ),
    Route("updateAction",            "PUT,PATCH", "/v1/service/{service_id}/action/{action_id}",  actions.update,                ActionPatch,    ActionOut,   WRITE, ACTOR),
    Route("deleteAction",            "DELETE",    "/v1/service/{service_id}/action/{action_id}",  actions.delete,                None,           None,        WRITE),
    Route("executeAction",           "POST",      "/v1/service/{service_id}/action/{action_id}/execute", executions.execute_action, Body.ANY_JSON, Gives.AS_IS, RUN),
    Route("refreshActionVariables",  "POST",      "/v1/service/{service_id}/action/{action_id}/refreshVariables", refreshing.refresh, RefreshIn, Gives.AS_IS, RUN),
    Route("execute",                 "POST",      "/v1/execute",                                  executions.execute,            ExecuteIn,      Gives.AS_IS, RUN),

    Route("listEvents",              "GET",       "/v1/service/{service_id}/event",               events.events.list,            None,           EventOut,    READ),
    Route("createEvent",             "POST",      "/v1/service/{service_id}/event",               events.events.create,          EventIn,        EventOut,    WRITE, ACTOR),
    Route("getEvent",                "GET",       "/v1/service/{service_id}/event/{event_id}",    events.events.read,            None,           EventOut,    READ),
    Route("updateEvent",             "PUT,PATCH", "/v1/service/{service_id}/event/{event_id}",    events.events.update,          EventPatch,     EventOut,    WRITE, ACTOR),
    Route("deleteEvent",             "DELETE",    "/v1/service/{service_id}/event/{event_id}",    events.delete,                 None,           None,        WRITE, ACTOR),

    Route("listTriggers",            "GET",       "/v1/service/{service_id}/trigger",             triggers.triggers.list,        None,           TriggerOut,  READ),
    Route("createTrigger",           "POST",      "/v1/service/{service_id}/trigger",             triggers.triggers.create,      TriggerIn,      TriggerOut,  WRITE, ACTOR),
    Route("getTrigger",              "GET",       "/v1/service/{service_id}/trigger/{trigger_id}", triggers.triggers.read,       None,           TriggerOut,  READ),
    Route("updateTrigger",           "PUT,PATCH", "/v1/service/{service_id}/trigger/{trigger_id}", triggers.triggers.update,     TriggerPatch,   TriggerOut,  WRITE, ACTOR),
    Route("deleteTrigger",           "DELETE",    "/v1/service/{service_id}/trigger/{trigger_id}", triggers.delete,              None,           None,        WRITE, ACTOR),

    Route("listConditions",          "GET",       "/v1/service/{service_id}/condition",           conditions.conditions.list,    None,           ConditionOut, READ),
    Route("createCondition",         "POST",      "/v1/service/{service_id}/condition",           conditions.conditions.create,  ConditionIn,    IdOut,       WRITE, ACTOR),
    Route("getCondition",            "GET",       "/v1/service/{service_id}/condition/{condition_id}", conditions.conditions.read, None,         ConditionOut, READ),
    Route("updateCondition",         "PUT,PATCH", "/v1/service/{service_id}/condition/{condition_id}", conditions.conditions.update, ConditionPatch, ConditionOut, WRITE, ACTOR),
    Route("deleteCondition",         "DELETE",    "/v1/service/{service_id}/condition/{condition_id}", conditions.delete,        None,           None,        WRITE, ACTOR),

    Route("listDatatypes",           "GET",       "/v1/service/{service_id}/datatype",            datatypes.datatypes.list,      None,           DatatypeOut, READ),
    Route("createDatatype",          "POST",      "/v1/service/{service_id}/datatype",            datatypes.datatypes.create,    DatatypeIn,     IdOut,       WRITE, ACTOR),
    Route("getDatatype",             "GET",       "/v1/service/{service_id}/datatype/{datatype_id}", datatypes.datatypes.read,   None,           DatatypeOut, READ),
    Route("updateDatatype",          "PUT,PATCH", "/v1/service/{service_id}/datatype/{datatype_id}", datatypes.update,           DatatypePatch,  DatatypeOut, WRITE, ACTOR),
    Route("deleteDatatype",          "DELETE",    "/v1/service/{service_id}/datatype/{datatype_id}", datatypes.delete,           None,           None,        WRITE),
    Route("executeDatatype",         "POST",      "/v1/service/{service_id}/datatype/{datatype_id}/execute", datatypes.execute,  Body.ANY_JSON,  Gives.AS_IS, RUN),

    Route("testLogic",               "POST",      "/v1/test/logic",                               trials.test_logic,             TryLogicIn,     Gives.AS_IS, RUN),
    Route("testNotification",        "POST",      "/v1/test/notification",                        trials.test_notification,      Body.ANY_JSON,  Gives.EMPTY_STRING, RUN),

    Route("importService",           "POST",      "/v1/service/import",                           imports.create,                ImportIn,       ImportOut,   WRITE),
    Route("getServiceImport",        "GET",       "/v1/service/import/{import_id}",               imports.read,                  None,           ImportOut,   READ),
    Route("uploadServiceImportPart", "PUT",       "/v1/service/import/{import_id}/part/{part}",   imports.put_part,              Body.RAW,       ImportOut,   WRITE),
    Route("startServiceImport",      "POST",      "/v1/service/import/{import_id}/start",         imports.start,                 None,           ImportOut,   WRITE),
]
# fmt: on
routes = blueprint(__name__, ROUTES)
