"""The operations on subscriptions, and the addresses that third parties notify."""

# ruff: noqa: E501

from __future__ import annotations

from chalicelib.edge.auth import ADMIN, PUBLIC, READ, RUN, WRITE
from chalicelib.edge.route import Body, Gives, Route, blueprint
from chalicelib.subscriptions import endings, forwarding, notifications, replays
from chalicelib.subscriptions import subscriptions as subs
from chalicelib.subscriptions.dead_letters import list_dead
from chalicelib.subscriptions.logbook import list_deliveries
from chalicelib.subscriptions.schemas import (
    DeadOut,
    DeliveryOut,
    ForwardingIn,
    ReplayIn,
    SubscriptionIn,
    SubscriptionOut,
    TriggerSubscriptionIn,
)

# fmt: off
ROUTES = [
    # operationId                    verb      path                                               does                            takes            gives               scope
    Route("receiveNotification",       "POST",   "/v1/hook/{hook_key}",                             notifications.receive_post,     Body.RAW,        Gives.AS_IS,        PUBLIC),
    Route("receiveNotificationByGet",  "GET",    "/v1/hook/{hook_key}",                             notifications.receive_get,      Body.RAW,        Gives.AS_IS,        PUBLIC),

    Route("createTriggerSubscription", "POST",   "/v1/service/{service_id}/trigger/{trigger_id}/subscription", subs.create_for_trigger, TriggerSubscriptionIn, Gives.AS_IS, WRITE),
    Route("createSubscription",        "POST",   "/v1/subscription",                                subs.create,                    SubscriptionIn,  Gives.AS_IS,        WRITE),
    Route("listSubscriptions",         "GET",    "/v1/subscription",                                subs.list_of_user,              None,            SubscriptionOut,    READ),
    Route("getSubscription",           "GET",    "/v1/subscription/{subscription_id}",              subs.read,                      None,            Gives.AS_IS,        READ),
    Route("deleteSubscription",        "DELETE", "/v1/subscription/{subscription_id}",              endings.delete,                 None,            Gives.EMPTY_STRING, WRITE),
    Route("enableSubscription",        "POST",   "/v1/subscription/{subscription_id}/enable",       subs.enable,                    None,            SubscriptionOut,    WRITE),
    Route("getSubscriptionSecret",     "GET",    "/v1/subscription/{subscription_id}/secret",       subs.read_secret,               None,            Gives.AS_IS,        WRITE),
    Route("rotateSubscriptionSecret",  "POST",   "/v1/subscription/{subscription_id}/secret/rotate", subs.rotate_secret,            None,            Gives.AS_IS,        WRITE),
    Route("listDeliveries",            "GET",    "/v1/subscription/{subscription_id}/delivery",     list_deliveries,                None,            DeliveryOut,        READ),
    Route("replaySubscription",        "POST",   "/v1/subscription/{subscription_id}/replay",       replays.replay,                 ReplayIn,        Gives.AS_IS,        RUN),

    Route("getForwarding",             "GET",    "/v1/forwarding",                                  forwarding.read,                None,            Gives.AS_IS,        WRITE),
    Route("updateForwarding",          "PUT",    "/v1/forwarding",                                  forwarding.replace,             ForwardingIn,    Gives.AS_IS,        WRITE),

    Route("listDead",                  "GET",    "/v1/admin/dead",                                  list_dead,                      None,            DeadOut,            ADMIN),
]
# fmt: on
routes = blueprint(__name__, ROUTES)
