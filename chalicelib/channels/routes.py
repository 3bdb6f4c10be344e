"""The operations on channels, one row each; `/v1/workflows` is another spelling of `/v1/notification-templates`."""

# ruff: noqa: E501

from __future__ import annotations

from chalicelib.channels import (
    activity,
    chat_oauth,
    environments,
    events,
    groups,
    inbox,
    integrations,
    layouts,
    messages,
    preferences,
    subscribers,
    topics,
    workflows,
)
from chalicelib.channels import integration_schemas as accounts
from chalicelib.channels import schemas as shapes
from chalicelib.channels import workflow_schemas as flows
from chalicelib.channels.answers import created, data, nothing, paged
from chalicelib.edge.auth import PUBLIC, READ, RUN, WRITE
from chalicelib.edge.failures import NOVU
from chalicelib.edge.route import Gives, Route, blueprint

# fmt: off
ROUTES = [
    # operationId                          verb      path                                                                                  does                                              takes                        gives        scope
    Route("listIntegrations",                 "GET",    "/v1/integrations",                                                                   data(integrations.list_all),                      None,                        Gives.AS_IS, READ),
    Route("createIntegration",                "POST",   "/v1/integrations",                                                                   created(integrations.create),                     accounts.IntegrationIn,      Gives.AS_IS, WRITE),
    Route("listActiveIntegrations",           "GET",    "/v1/integrations/active",                                                            data(integrations.list_active),                   None,                        Gives.AS_IS, READ),
    Route("updateIntegration",                "PUT",    "/v1/integrations/{integration_id}",                                                  data(integrations.update),                        accounts.IntegrationPatch,   Gives.AS_IS, WRITE),
    Route("deleteIntegration",                "DELETE", "/v1/integrations/{integration_id}",                                                  data(integrations.delete),                        None,                        Gives.AS_IS, WRITE),
    Route("setPrimaryIntegration",            "POST",   "/v1/integrations/{integration_id}/set-primary",                                      data(integrations.set_primary),                   shapes.NovuIn,               Gives.AS_IS, WRITE),

    Route("listSubscribers",                  "GET",    "/v1/subscribers",                                                                    paged(subscribers.list_page),                     None,                        Gives.AS_IS, READ),
    Route("createSubscriber",                 "POST",   "/v1/subscribers",                                                                    created(subscribers.create),                      shapes.SubscriberIn,         Gives.AS_IS, WRITE),
    Route("bulkCreateSubscribers",            "POST",   "/v1/subscribers/bulk",                                                               created(subscribers.create_bulk),                 shapes.SubscribersIn,        Gives.AS_IS, WRITE),
    Route("getSubscriber",                    "GET",    "/v1/subscribers/{subscriber_id}",                                                    data(subscribers.read),                           None,                        Gives.AS_IS, READ),
    Route("updateSubscriber",                 "PUT",    "/v1/subscribers/{subscriber_id}",                                                    data(subscribers.update),                         shapes.SubscriberPatch,      Gives.AS_IS, WRITE),
    Route("deleteSubscriber",                 "DELETE", "/v1/subscribers/{subscriber_id}",                                                    data(subscribers.delete),                         None,                        Gives.AS_IS, WRITE),
    Route("updateSubscriberCredentials",      "PUT",    "/v1/subscribers/{subscriber_id}/credentials",                                        data(subscribers.set_credentials),                shapes.ChannelIn,            Gives.AS_IS, WRITE),
    Route("appendSubscriberCredentials",      "PATCH",  "/v1/subscribers/{subscriber_id}/credentials",                                        data(subscribers.append_credentials),             shapes.ChannelIn,            Gives.AS_IS, WRITE),
    Route("deleteSubscriberCredentials",      "DELETE", "/v1/subscribers/{subscriber_id}/credentials/{provider_id}",                          nothing(subscribers.delete_credentials),          None,                        Gives.AS_IS, WRITE),
    Route("updateSubscriberOnlineStatus",     "PATCH",  "/v1/subscribers/{subscriber_id}/online-status",                                      data(subscribers.set_online),                     shapes.OnlineIn,             Gives.AS_IS, WRITE),
    Route("listSubscriberPreferences",        "GET",    "/v1/subscribers/{subscriber_id}/preferences",                                        data(preferences.list_all),                       None,                        Gives.AS_IS, READ),
    Route("updateSubscriberGlobalPreferences","PATCH",  "/v1/subscribers/{subscriber_id}/preferences",                                        data(preferences.update_global),                  shapes.GlobalPreferenceIn,   Gives.AS_IS, WRITE),
    Route("getSubscriberPreferencesByLevel",  "GET",    "/v1/subscribers/{subscriber_id}/preferences/{parameter}",                            data(preferences.list_level),                     None,                        Gives.AS_IS, READ),
    Route("updateSubscriberPreference",       "PATCH",  "/v1/subscribers/{subscriber_id}/preferences/{parameter}",                            data(preferences.update),                         shapes.PreferenceIn,         Gives.AS_IS, WRITE),
    Route("getSubscriberFeed",                "GET",    "/v1/subscribers/{subscriber_id}/notifications/feed",                                 paged(inbox.feed),                                None,                        Gives.AS_IS, READ),
    Route("getSubscriberUnseenCount",         "GET",    "/v1/subscribers/{subscriber_id}/notifications/unseen",                               data(inbox.count_unseen),                         None,                        Gives.AS_IS, READ),
    Route("markMessageAs",                    "POST",   "/v1/subscribers/{subscriber_id}/messages/markAs",                                    created(inbox.mark),                              shapes.MarkMessageIn,        Gives.AS_IS, WRITE),
    Route("markMessagesAs",                   "POST",   "/v1/subscribers/{subscriber_id}/messages/mark-as",                                   created(inbox.mark_as),                           shapes.MarkAsIn,             Gives.AS_IS, WRITE),
    Route("markAllMessagesAs",                "POST",   "/v1/subscribers/{subscriber_id}/messages/mark-all",                                  created(inbox.mark_all),                          shapes.MarkAllIn,            Gives.AS_IS, WRITE),
    Route("markMessageActionAsSeen",          "POST",   "/v1/subscribers/{subscriber_id}/messages/{message_id}/actions/{type}",               created(inbox.act),                               shapes.ActionIn,             Gives.AS_IS, WRITE),
    Route("chatOauthCallback",                "GET",    "/v1/subscribers/{subscriber_id}/credentials/{provider_id}/oauth/callback",           chat_oauth.finish,                                None,                        Gives.AS_IS, PUBLIC),
    Route("chatOauth",                        "GET",    "/v1/subscribers/{subscriber_id}/credentials/{provider_id}/oauth",                    chat_oauth.begin,                                 None,                        Gives.AS_IS, PUBLIC),

    Route("createTopic",                      "POST",   "/v1/topics",                                                                         created(topics.create),                           shapes.TopicIn,              Gives.AS_IS, WRITE),
    Route("listTopics",                       "GET",    "/v1/topics",                                                                         paged(topics.list_page),                          None,                        Gives.AS_IS, READ),
    Route("getTopic",                         "GET",    "/v1/topics/{topic_key}",                                                             data(topics.read),                                None,                        Gives.AS_IS, READ),
    Route("renameTopic",                      "PATCH",  "/v1/topics/{topic_key}",                                                             data(topics.rename),                              shapes.NameIn,               Gives.AS_IS, WRITE),
    Route("deleteTopic",                      "DELETE", "/v1/topics/{topic_key}",                                                             nothing(topics.delete),                           None,                        Gives.AS_IS, WRITE),
    Route("addTopicSubscribers",              "POST",   "/v1/topics/{topic_key}/subscribers",                                                 data(topics.add),                                 shapes.TopicSubscribersIn,   Gives.AS_IS, WRITE),
    Route("removeTopicSubscribers",           "POST",   "/v1/topics/{topic_key}/subscribers/removal",                                         nothing(topics.remove),                           shapes.TopicSubscribersIn,   Gives.AS_IS, WRITE),
    Route("getTopicSubscriber",               "GET",    "/v1/topics/{topic_key}/subscribers/{external_subscriber_id}",                        data(topics.read_subscriber),                     None,                        Gives.AS_IS, READ),

    Route("triggerEvent",                     "POST",   "/v1/events/trigger",                                                                 created(events.trigger),                          flows.TriggerIn,             Gives.AS_IS, RUN),
    Route("triggerBulk",                      "POST",   "/v1/events/trigger/bulk",                                                            created(events.trigger_bulk),                     flows.BulkIn,                Gives.AS_IS, RUN),
    Route("triggerBroadcast",                 "POST",   "/v1/events/trigger/broadcast",                                                       created(events.broadcast),                        flows.BroadcastIn,           Gives.AS_IS, RUN),
    Route("cancelTriggered",                  "DELETE", "/v1/events/trigger/{transaction_id}",                                                data(events.cancel),                              None,                        Gives.AS_IS, RUN),

    Route("listNotifications",                "GET",    "/v1/notifications",                                                                  paged(activity.list_page),                        None,                        Gives.AS_IS, READ),
    Route("getNotificationStats",             "GET",    "/v1/notifications/stats",                                                            data(activity.stats),                             None,                        Gives.AS_IS, READ),
    Route("getNotificationGraphStats",        "GET",    "/v1/notifications/graph/stats",                                                      data(activity.graph),                             None,                        Gives.AS_IS, READ),
    Route("getNotification",                  "GET",    "/v1/notifications/{notification_id}",                                                data(activity.read),                              None,                        Gives.AS_IS, READ),
    Route("listExecutionDetails",             "GET",    "/v1/execution-details",                                                              data(activity.list_details),                      None,                        Gives.AS_IS, READ),

    Route("listMessages",                     "GET",    "/v1/messages",                                                                       paged(messages.list_page),                        None,                        Gives.AS_IS, READ),
    Route("deleteMessage",                    "DELETE", "/v1/messages/{message_id}",                                                          data(messages.delete),                            None,                        Gives.AS_IS, WRITE),
    Route("deleteMessagesByTransaction",      "DELETE", "/v1/messages/transaction/{transaction_id}",                                          nothing(messages.delete_by_transaction),          None,                        Gives.AS_IS, WRITE),

    Route("listWorkflows",                    "GET",    "/v1/notification-templates",                                                         paged(workflows.list_page),                       None,                        Gives.AS_IS, READ),
    Route("createWorkflow",                   "POST",   "/v1/notification-templates",                                                         created(workflows.create),                        flows.WorkflowIn,            Gives.AS_IS, WRITE),
    Route("getWorkflow",                      "GET",    "/v1/notification-templates/{template_id}",                                           data(workflows.read),                             None,                        Gives.AS_IS, READ),
    Route("updateWorkflow",                   "PUT",    "/v1/notification-templates/{template_id}",                                           data(workflows.update),                           flows.WorkflowPatch,         Gives.AS_IS, WRITE),
    Route("deleteWorkflow",                   "DELETE", "/v1/notification-templates/{template_id}",                                           data(workflows.delete),                           None,                        Gives.AS_IS, WRITE),
    Route("updateWorkflowStatus",             "PUT",    "/v1/notification-templates/{template_id}/status",                                    data(workflows.set_status),                       flows.StatusIn,              Gives.AS_IS, WRITE),
    Route("listWorkflows",                    "GET",    "/v1/workflows",                                                                      paged(workflows.list_page),                       None,                        Gives.AS_IS, READ),
    Route("createWorkflow",                   "POST",   "/v1/workflows",                                                                      created(workflows.create),                        flows.WorkflowIn,            Gives.AS_IS, WRITE),
    Route("getWorkflow",                      "GET",    "/v1/workflows/{template_id}",                                                        data(workflows.read),                             None,                        Gives.AS_IS, READ),
    Route("updateWorkflow",                   "PUT",    "/v1/workflows/{template_id}",                                                        data(workflows.update),                           flows.WorkflowPatch,         Gives.AS_IS, WRITE),
    Route("deleteWorkflow",                   "DELETE", "/v1/workflows/{template_id}",                                                        data(workflows.delete),                           None,                        Gives.AS_IS, WRITE),
    Route("updateWorkflowStatus",             "PUT",    "/v1/workflows/{template_id}/status",                                                 data(workflows.set_status),                       flows.StatusIn,              Gives.AS_IS, WRITE),

    Route("listWorkflowGroups",               "GET",    "/v1/notification-groups",                                                            data(groups.list_all),                            None,                        Gives.AS_IS, READ),
    Route("createWorkflowGroup",              "POST",   "/v1/notification-groups",                                                            created(groups.create),                           shapes.NameIn,               Gives.AS_IS, WRITE),
    Route("getWorkflowGroup",                 "GET",    "/v1/notification-groups/{id}",                                                       data(groups.read),                                None,                        Gives.AS_IS, READ),
    Route("updateWorkflowGroup",              "PATCH",  "/v1/notification-groups/{id}",                                                       data(groups.update),                              shapes.NameIn,               Gives.AS_IS, WRITE),
    Route("deleteWorkflowGroup",              "DELETE", "/v1/notification-groups/{id}",                                                       data(groups.delete),                              None,                        Gives.AS_IS, WRITE),

    Route("createLayout",                     "POST",   "/v1/layouts",                                                                        created(layouts.create),                          flows.LayoutIn,              Gives.AS_IS, WRITE),
    Route("listLayouts",                      "GET",    "/v1/layouts",                                                                        paged(layouts.list_page),                         None,                        Gives.AS_IS, READ),
    Route("getLayout",                        "GET",    "/v1/layouts/{layout_id}",                                                            data(layouts.read),                               None,                        Gives.AS_IS, READ),
    Route("updateLayout",                     "PATCH",  "/v1/layouts/{layout_id}",                                                            data(layouts.update),                             flows.LayoutPatch,           Gives.AS_IS, WRITE),
    Route("deleteLayout",                     "DELETE", "/v1/layouts/{layout_id}",                                                            nothing(layouts.delete),                          None,                        Gives.AS_IS, WRITE),
    Route("setDefaultLayout",                 "POST",   "/v1/layouts/{layout_id}/default",                                                    nothing(layouts.set_default),                     shapes.NovuIn,               Gives.AS_IS, WRITE),

    Route("listFeeds",                        "GET",    "/v1/feeds",                                                                          data(groups.list_feeds),                          None,                        Gives.AS_IS, READ),
    Route("createFeed",                       "POST",   "/v1/feeds",                                                                          created(groups.create_feed),                      shapes.NameIn,               Gives.AS_IS, WRITE),
    Route("deleteFeed",                       "DELETE", "/v1/feeds/{feed_id}",                                                                data(groups.delete_feed),                         None,                        Gives.AS_IS, WRITE),

    Route("listEnvironments",                 "GET",    "/v1/environments",                                                                   data(environments.list_all),                      None,                        Gives.AS_IS, READ),
    Route("getCurrentEnvironment",            "GET",    "/v1/environments/me",                                                                data(environments.read),                          None,                        Gives.AS_IS, READ),
    Route("listOrganizations",                "GET",    "/v1/organizations",                                                                  data(environments.list_organizations),            None,                        Gives.AS_IS, READ),
    Route("renameOrganization",               "PATCH",  "/v1/organizations",                                                                  data(environments.rename_organization),           shapes.NameIn,               Gives.AS_IS, WRITE),
    Route("getCurrentOrganization",           "GET",    "/v1/organizations/me",                                                               data(environments.read_organization),             None,                        Gives.AS_IS, READ),
    Route("updateOrganizationBranding",       "PUT",    "/v1/organizations/branding",                                                         data(environments.update_branding),               flows.BrandingIn,            Gives.AS_IS, WRITE),
]
# fmt: on
routes = blueprint(__name__, ROUTES, NOVU)
