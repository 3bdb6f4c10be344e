"""The whole life of every resource through the published Python client; prints a JSON list of its calls."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from novu.api import (
    EnvironmentApi,
    EventApi,
    ExecutionDetailApi,
    FeedApi,
    IntegrationApi,
    LayoutApi,
    MessageApi,
    NotificationApi,
    NotificationGroupApi,
    NotificationTemplateApi,
    OrganizationApi,
    SubscriberApi,
    TopicApi,
)
from novu.config import NovuConfig
from novu.dto.event import InputEventDto
from novu.dto.integration import IntegrationDto
from novu.dto.layout import LayoutDto
from novu.dto.notification_template import NotificationStepDto, NotificationTemplateFormDto
from novu.dto.organization import OrganizationBrandingDto
from novu.dto.subscriber import SubscriberDto
from novu.dto.topic import TriggerTopicDto
from novu.enums import Channel

log: list[list[Any]] = []


def attempt(name: str, act: Callable[[], Any]) -> Any:
    """Make one call and note how it went."""
    try:
        result = act()
    except Exception as error:
        text = getattr(getattr(error, "response", None), "text", "")
        log.append([name, "FAIL", f"{error!r} {text}"[:500]])
        return None
    log.append([name, "ok", ""])
    return result


def form(group: str, words: str) -> NotificationTemplateFormDto:
    step = NotificationStepDto(active=True, template={"type": "in_app", "content": "Hi {{subscriber.firstName}}"})
    return NotificationTemplateFormDto(
        name="Py Flow", description=words, active=True, notification_group_id=group, steps=[step]
    )


def main(url: str) -> None:
    NovuConfig().configure(url, "default")
    people, integrations, topics = SubscriberApi(), IntegrationApi(), TopicApi()
    groups, feeds, layouts, flows = NotificationGroupApi(), FeedApi(), LayoutApi(), NotificationTemplateApi()
    events, messages, activity = EventApi(), MessageApi(), NotificationApi()
    ann = SubscriberDto(subscriber_id="pa", email="pa@example.com", first_name="Pa")
    attempt("subscriber.create", lambda: people.create(ann))
    many = [SubscriberDto(subscriber_id=f"p{number}", email=f"p{number}@example.com") for number in range(12)]
    attempt("subscriber.bulk_create", lambda: people.bulk_create(many))
    attempt("subscriber.list", people.list)
    attempt("subscriber.stream", lambda: list(people.stream()))
    attempt("subscriber.get", lambda: people.get("pa"))
    attempt("subscriber.put", lambda: people.put(SubscriberDto(subscriber_id="pa", email="pb@example.com")))
    attempt("subscriber.online_status", lambda: people.online_status("pa", True))
    sms = IntegrationDto(provider_id="twilio", channel="sms", active=True, credentials={"accountSid": "a"})
    sms = attempt("integration.create", lambda: integrations.create(sms, check=False))
    chat = IntegrationDto(provider_id="slack", channel="chat", active=True, credentials={})
    attempt("integration.create chat", lambda: integrations.create(chat, check=False))
    attempt("integration.list", lambda: list(integrations.list()))
    attempt("integration.list active", lambda: list(integrations.list(only_active=True)))
    attempt("integration.set_primary", lambda: integrations.set_primary(sms._id))
    attempt("integration.update", lambda: integrations.update(sms, check=False))
    attempt("subscriber.credentials", lambda: people.credentials("pa", "slack", "https://hooks.example.com/x"))
    attempt("subscriber.delete_credentials", lambda: people.delete_credentials("pa", "slack"))
    attempt("topic.create", lambda: topics.create("pt", "PT"))
    attempt("topic.list", topics.list)
    attempt("topic.subscribe", lambda: topics.subscribe("pt", ["pa", "nobody"]))
    attempt("topic.subscribed", lambda: topics.subscribed("pt", "pa"))
    attempt("topic.get", lambda: topics.get("pt"))
    attempt("topic.rename", lambda: topics.rename("pt", "PU"))
    attempt("group.list", groups.list)
    group = attempt("group.create", lambda: groups.create("PG"))
    attempt("group.get", lambda: groups.get(group._id))
    attempt("group.patch", lambda: groups.patch(group._id, "PH"))
    feed = attempt("feed.create", lambda: feeds.create("pf"))
    attempt("feed.list", lambda: list(feeds.list()))
    layout = LayoutDto(name="PL", description="d", content="<p>{{{body}}}</p>", is_default=False)
    layout = attempt("layout.create", lambda: layouts.create(layout))
    attempt("layout.list", layouts.list)
    attempt("layout.get", lambda: layouts.get(layout._id))
    attempt("layout.patch", lambda: layouts.patch(layout))
    attempt("layout.set_default", lambda: layouts.set_default(layout._id))
    flow = attempt("workflow.create", lambda: flows.create(form(group._id, "d")))
    attempt("workflow.list", flows.list)
    attempt("workflow.stream", lambda: list(flows.stream()))
    attempt("workflow.get", lambda: flows.get(flow._id))
    attempt("workflow.update", lambda: flows.update(flow._id, form(group._id, "e")))
    attempt("workflow.update_status", lambda: flows.update_status(flow._id, False))
    attempt("workflow.update_status back", lambda: flows.update_status(flow._id, True))
    attempt("event.trigger", lambda: events.trigger("py-flow", recipients="pa", payload={}))
    topic = TriggerTopicDto(topic_key="pt", type="Topic")
    attempt("event.trigger_topic", lambda: events.trigger_topic("py-flow", topics=topic, payload={}))
    event = InputEventDto(name="py-flow", recipients="pa", payload={})
    attempt("event.trigger_bulk", lambda: events.trigger_bulk([event]))
    attempt("event.broadcast", lambda: events.broadcast("py-flow", payload={}))
    attempt("event.delete", lambda: events.delete("nope"))
    for _ in range(100):
        unseen = people.unseen_notifications("pa")
        if unseen == 4:
            break
        time.sleep(0.1)
    log.append(["unseen", "ok" if unseen == 4 else "FAIL", unseen])
    found = attempt("message.list", lambda: messages.list(subscriber_id="pa"))
    attempt("message.stream", lambda: list(messages.stream(subscriber_id="pa")))
    message = found.data[0]._id
    attempt("subscriber.mark_as", lambda: people.mark_as("pa", message, True, True))
    attempt("subscriber.mark_all_as", lambda: people.mark_all_as("pa", "read"))
    attempt("subscriber.action", lambda: people.mark_message_action("pa", message, "primary", "done", {"a": 1}))
    attempt("subscriber.preferences", lambda: list(people.preferences("pa")))
    attempt("subscriber.channel", lambda: people.change_channel_preference("pa", flow._id, Channel.IN_APP, False))
    attempt("subscriber.state", lambda: people.change_preference_state("pa", flow._id, True))
    shown = attempt("notification.list", activity.list)
    attempt("notification.stream", lambda: list(activity.stream()))
    attempt("notification.stats", activity.stats)
    attempt("notification.graph_stats", lambda: list(activity.graph_stats()))
    whole = attempt("notification.get", lambda: activity.get(shown.data[0]._id))
    who = whole.subscriber._id
    attempt("execution_detail.list", lambda: list(ExecutionDetailApi().list(shown.data[0]._id, who)))
    attempt("message.delete", lambda: messages.delete(message))
    attempt("environment.list", lambda: list(EnvironmentApi().list()))
    attempt("environment.current", EnvironmentApi().current)
    attempt("organization.list", lambda: list(OrganizationApi().list()))
    attempt("organization.current", OrganizationApi().current)
    attempt("organization.rename", lambda: OrganizationApi().rename("Py"))
    branding = OrganizationBrandingDto(color="#fff")
    attempt("organization.update_branding", lambda: OrganizationApi().update_branding(branding))
    attempt("topic.unsubscribe", lambda: topics.unsubscribe("pt", "pa"))
    attempt("topic.delete", lambda: topics.delete("pt"))
    attempt("workflow.delete", lambda: flows.delete(flow._id))
    attempt("group.delete", lambda: groups.delete(group._id))
    attempt("feed.delete", lambda: feeds.delete(feed._id))
    attempt("integration.delete", lambda: integrations.delete(sms._id))
    attempt("subscriber.delete", lambda: people.delete("pa"))
    print(json.dumps(log))


main(sys.argv[1])
