"""The operations on journeys, one row each; those on customers and tokens stand in routes_tokens.py.

Additive ones put in what the contract's lists show: contents, definitions, consent lists.
"""

# ruff: noqa: E501

from __future__ import annotations

from chalicelib.edge.auth import ADMIN, READ, WRITE
from chalicelib.edge.failures import CONTACTFLOW
from chalicelib.edge.route import Gives, Route, blueprint
from chalicelib.journeys import (
    actions,
    automations,
    contents,
    definitions,
    kpis,
    listing,
    nodes,
    settings,
    test_mail,
    users,
)
from chalicelib.journeys import graph_schemas as graphs
from chalicelib.journeys import schemas as shapes
from chalicelib.journeys.routes_tokens import TOKEN_ROUTES
from chalicelib.journeys.wire import created, nothing

# fmt: off
ROUTES = [
    # operationId                            verb      path                                                                           does                              takes                             gives        scope
    Route("getCurrentUser",                     "GET",    "/flow/v1/user",                                                               users.read,                       None,                             Gives.AS_IS, READ),
    Route("listActions",                        "GET",    "/flow/v1/actions",                                                            actions.list_all,                 None,                             Gives.AS_IS, READ),

    Route("listNodes",                          "GET",    "/flow/v1/nodes",                                                              nodes.list_all,                   None,                             Gives.AS_IS, READ),
    Route("createNode",                         "POST",   "/flow/v1/nodes",                                                              created(nodes.create),            shapes.NodeIn,                    Gives.AS_IS, ADMIN),
    Route("getNode",                            "GET",    "/flow/v1/nodes/{node_uuid}",                                                  nodes.read,                       None,                             Gives.AS_IS, READ),
    Route("updateNode",                         "PATCH",  "/flow/v1/nodes/{node_uuid}",                                                  nodes.update,                     shapes.NodePatch,                 Gives.AS_IS, ADMIN),
    Route("deleteNode",                         "DELETE", "/flow/v1/nodes/{node_uuid}",                                                  nothing(nodes.delete),            None,                             Gives.AS_IS, ADMIN),

    Route("listSettings",                       "GET",    "/flow/v1/settings",                                                           settings.list_all,                None,                             Gives.AS_IS, READ),
    Route("createSetting",                      "POST",   "/flow/v1/settings",                                                           created(settings.create),         shapes.SettingNewIn,              Gives.AS_IS, ADMIN),
    Route("getSetting",                         "GET",    "/flow/v1/settings/{setting_uuid}",                                            settings.read,                    None,                             Gives.AS_IS, READ),
    Route("replaceSetting",                     "PUT",    "/flow/v1/settings/{setting_uuid}",                                            settings.replace,                 shapes.SettingIn,                 Gives.AS_IS, ADMIN),
    Route("deleteSetting",                      "DELETE", "/flow/v1/settings/{setting_uuid}",                                            nothing(settings.delete),         None,                             Gives.AS_IS, ADMIN),

    Route("listAutomations",                    "GET",    "/flow/v1/automations",                                                        listing.list_all,                 None,                             Gives.AS_IS, READ),
    Route("createAutomation",                   "POST",   "/flow/v1/automations",                                                        created(automations.create),      graphs.AutomationIn,              Gives.AS_IS, WRITE),
    Route("listAutomationCategoriesDeprecated", "GET",    "/flow/v1/automations/categories",                                             definitions.list_categories,      None,                             Gives.AS_IS, READ),
    Route("getAutomation",                      "GET",    "/flow/v1/automations/{automation_uuid}",                                      automations.read,                 None,                             Gives.AS_IS, READ),
    Route("replaceAutomation",                  "PUT",    "/flow/v1/automations/{automation_uuid}",                                      automations.replace,              graphs.AutomationIn,              Gives.AS_IS, WRITE),
    Route("updateAutomationStatusAndName",      "PATCH",  "/flow/v1/automations/{automation_uuid}",                                      automations.update,               graphs.AutomationPatch,           Gives.AS_IS, WRITE),
    Route("deleteAutomation",                   "DELETE", "/flow/v1/automations/{automation_uuid}",                                      nothing(automations.delete),      None,                             Gives.AS_IS, WRITE),

    Route("getEmailDesignerConfiguration",      "GET",    "/flow/v1/external-contents/email-designer",                                   contents.read_designer,           None,                             Gives.AS_IS, READ),
    Route("listEmailModels",                    "GET",    "/flow/v1/external-contents/email-models",                                     contents.list_mail_models,        None,                             Gives.AS_IS, READ),
    Route("putEmailModel",                      "POST",   "/flow/v1/external-contents/email-models",                                     created(contents.put_mail_model), shapes.EmailModelIn,              Gives.AS_IS, WRITE),
    Route("listSmsModels",                      "GET",    "/flow/v1/external-contents/sms-models",                                       contents.list_text_models,        None,                             Gives.AS_IS, READ),
    Route("putSmsModel",                        "POST",   "/flow/v1/external-contents/sms-models",                                       created(contents.put_text_model), shapes.SmsModelIn,                Gives.AS_IS, WRITE),
    Route("listPageBuilderTemplates",           "GET",    "/flow/v1/external-contents/page-builder/templates",                           contents.list_templates,          None,                             Gives.AS_IS, READ),
    Route("putPageBuilderTemplate",             "POST",   "/flow/v1/external-contents/page-builder/templates",                           created(contents.put_template),   shapes.TemplateIn,                Gives.AS_IS, WRITE),
    Route("listPageBuilderPages",               "GET",    "/flow/v1/external-contents/page-builder/templates/{template_id}/pages",           contents.list_pages,              None,                             Gives.AS_IS, READ),
    Route("putPageBuilderPage",                 "POST",   "/flow/v1/external-contents/page-builder/templates/{template_id}/pages",           created(contents.put_page),       shapes.PageIn,                    Gives.AS_IS, WRITE),
    Route("getPageBuilderPage",                 "GET",    "/flow/v1/external-contents/page-builder/templates/{template_id}/pages/{page_id}", contents.read_page,               None,                             Gives.AS_IS, READ),
    Route("sendEmailTest",                      "POST",   "/flow/v1/external-contents/email-tests",                                      nothing(test_mail.send),          shapes.EmailTestIn,               Gives.AS_IS, WRITE),

    Route("listSendSubscriptions",              "GET",    "/flow/v1/send-subscriptions",                                                 definitions.list_subscriptions,   None,                             Gives.AS_IS, READ),
    Route("putSendSubscription",                "POST",   "/flow/v1/send-subscriptions",                                                 created(definitions.put_subscription), shapes.SendSubscriptionIn,   Gives.AS_IS, WRITE),
    Route("listNodeKpis",                       "GET",    "/flow/v1/kpis/nodes",                                                         kpis.list_all,                    None,                             Gives.AS_IS, READ),
    Route("getTriggerEventDefinitions",         "GET",    "/flow/v1/definitions/trigger-events",                                         definitions.read_events,          None,                             Gives.AS_IS, READ),
    Route("putTriggerEventDefinition",          "POST",   "/flow/v1/definitions/trigger-events",                                         created(definitions.put_event),   shapes.EventDefinitionIn,         Gives.AS_IS, WRITE),
    Route("getContextDefinitions",              "GET",    "/flow/v1/definitions/contexts",                                               definitions.read_contexts,        None,                             Gives.AS_IS, READ),
    Route("getCustomerDefinitions",             "GET",    "/flow/v1/definitions/customers",                                              definitions.read_customers,       None,                             Gives.AS_IS, READ),
    Route("putCustomerDefinition",              "POST",   "/flow/v1/definitions/customers",                                              created(definitions.put_customer), shapes.PropertyDefinitionIn,     Gives.AS_IS, WRITE),
    Route("listAutomationCategories",           "GET",    "/flow/v1/definitions/automation-categories",                                  definitions.list_categories,      None,                             Gives.AS_IS, READ),
]
# fmt: on
routes = blueprint(__name__, [*ROUTES, *TOKEN_ROUTES], CONTACTFLOW)
