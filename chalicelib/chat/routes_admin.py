"""The operations on workspaces, bots, integrations and the hub, one row each.

Rows without a counterpart in contract/botpress.yaml are additive: keys of bots and integrations, pings, the addresses
of icons and readmes, and those that outside services post to.
"""

# ruff: noqa: E501

from __future__ import annotations

from chalicelib.chat import (
    actions,
    analytics,
    answers,
    authenticating,
    bots,
    integrations,
    pinging,
    webchat,
    webhooks,
    workspaces,
)
from chalicelib.chat import schemas as shapes
from chalicelib.edge.auth import ADMIN, PUBLIC, READ, RUN, WRITE
from chalicelib.edge.route import VERBS, Body, Gives, Route

_ANY = ",".join(VERBS)

# fmt: off
ROWS = [
    # operationId                    verb      path                                                does                           takes                    gives                        scope
    Route("authenticate",             "POST",   "/v1/authenticate",                                 authenticating.authenticate,   shapes.AuthenticateIn,   answers.BearerOut,            PUBLIC),

    Route("createWorkspace",          "POST",   "/v1/admin/workspaces",                             workspaces.create,             shapes.WorkspaceIn,      answers.WorkspaceOut,         WRITE),
    Route("listWorkspaces",           "GET",    "/v1/admin/workspaces",                             workspaces.list_page,          None,                    answers.WorkspacesOut,        READ),
    Route("getWorkspace",             "GET",    "/v1/admin/workspaces/{id}",                        workspaces.read,               None,                    answers.WorkspaceOut,         READ),
    Route("updateWorkspace",          "PUT",    "/v1/admin/workspaces/{id}",                        workspaces.update,             shapes.WorkspacePatch,   answers.WorkspaceOut,         WRITE),
    Route("deleteWorkspace",          "DELETE", "/v1/admin/workspaces/{id}",                        workspaces.delete,             None,                    answers.Empty,                WRITE),

    Route("createBot",                "POST",   "/v1/admin/bots",                                   bots.create,                   shapes.BotIn,            answers.BotEnvelope,          WRITE),
    Route("listBots",                 "GET",    "/v1/admin/bots",                                   bots.list_page,                None,                    answers.BotsOut,              READ),
    Route("getBot",                   "GET",    "/v1/admin/bots/{id}",                              bots.read,                     None,                    answers.BotEnvelope,          READ),
    Route("updateBot",                "PUT",    "/v1/admin/bots/{id}",                              bots.update,                   shapes.BotPatch,         answers.BotEnvelope,          WRITE),
    Route("deleteBot",                "DELETE", "/v1/admin/bots/{id}",                              bots.delete,                   None,                    answers.Empty,                WRITE),
    Route("transferBot",              "POST",   "/v1/admin/bots/{id}/transfer",                     bots.transfer,                 shapes.TransferIn,       answers.Empty,                WRITE),
    Route("getBotLogs",               "GET",    "/v1/admin/bots/{id}/logs",                         bots.read_logs,                None,                    answers.LogsOut,              READ),
    Route("getBotWebchat",            "GET",    "/v1/admin/bots/{id}/webchat",                      webchat.read,                  None,                    answers.CodeOut,              READ),
    Route("getBotAnalytics",          "GET",    "/v1/admin/bots/{id}/analytics",                    analytics.read,                None,                    answers.RecordsOut,           READ),
    Route("createBotKey",             "POST",   "/v1/admin/bots/{id}/keys",                         bots.make_key,                 None,                    answers.SubjectKeyOut,        ADMIN),
    Route("pingBot",                  "POST",   "/v1/admin/bots/{id}/ping",                         pinging.ping_bot,              None,                    answers.PingOut,              RUN),

    Route("createIntegration",        "POST",   "/v1/admin/integrations",                           integrations.create,           shapes.IntegrationIn,    answers.IntegrationEnvelope,  WRITE),
    Route("listIntegrations",         "GET",    "/v1/admin/integrations",                           integrations.list_page,        None,                    answers.IntegrationsOut,      READ),
    Route("getIntegration",           "GET",    "/v1/admin/integrations/{id}",                      integrations.read,             None,                    answers.IntegrationEnvelope,  READ),
    Route("updateIntegration",        "PUT",    "/v1/admin/integrations/{id}",                      integrations.update,           shapes.IntegrationPatch, answers.IntegrationEnvelope,  WRITE),
    Route("deleteIntegration",        "DELETE", "/v1/admin/integrations/{id}",                      integrations.delete,           None,                    answers.Empty,                WRITE),
    Route("getIntegrationLogs",       "GET",    "/v1/admin/integrations/{id}/logs",                 integrations.read_logs,        None,                    answers.LogsOut,              READ),
    Route("getIntegrationByName",     "GET",    "/v1/admin/integrations/{id}/{version}",            integrations.read_named,       None,                    answers.IntegrationEnvelope,  READ),
    Route("createIntegrationKey",     "POST",   "/v1/admin/integrations/{id}/keys",                 integrations.make_key,         None,                    answers.SubjectKeyOut,        ADMIN),
    Route("pingIntegration",          "POST",   "/v1/admin/integrations/{id}/ping",                 pinging.ping_integration,      None,                    answers.PingOut,              RUN),

    Route("listPublicIntegrations",   "GET",    "/v1/admin/hub/integrations",                       integrations.list_public,      None,                    answers.IntegrationsOut,      READ),
    Route("getPublicIntegrationById", "GET",    "/v1/admin/hub/integrations/{id}",                  integrations.read_public,      None,                    answers.IntegrationEnvelope,  READ),
    Route("getPublicIntegration",     "GET",    "/v1/admin/hub/integrations/{id}/{version}",        integrations.read_public_named, None,                   answers.IntegrationEnvelope,  READ),

    Route("callAction",               "POST",   "/v1/chat/actions",                                 actions.call_action,           shapes.ActionIn,         answers.OutputOut,            RUN),

    Route("getIntegrationAsset",      "GET",    "/v1/chat/assets/{id}",                             integrations.show_asset,       None,                    Gives.AS_IS,                 PUBLIC),
    Route("receiveWebhook",           _ANY,     "/v1/chat/webhooks/{id}",                           webhooks.receive,              Body.RAW,                Gives.AS_IS,                 PUBLIC),
    Route("receiveWebhookBelow",      _ANY,     "/v1/chat/webhooks/{id}/{rest}",                    webhooks.receive,              Body.RAW,                Gives.AS_IS,                 PUBLIC),
]
# fmt: on
