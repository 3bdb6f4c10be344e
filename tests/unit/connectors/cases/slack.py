"""What the slack connector asks, and what it is answered."""

from __future__ import annotations

from unittest.mock import ANY

from tests.unit.connectors.cases.shape import Case

MESSAGE = {"ts": "1718183752.000100", "text": "Hi", "user": "U1"}
CHANNEL = {"id": "C1", "name": "general", "is_member": True, "topic": {"value": "All"}}
MEMBER = {"id": "U1", "name": "ann", "real_name": "Ann", "profile": {"email": "ann@example.com"}}

CASES: list[Case] = [
    (
        *("slack", "action", "message.send", {"channel": "C1", "text": "Hi", "thread_ts": "1718183752.000100"}),
        [
            (
                *("POST", "/chat.postMessage"),
                {"channel": "C1", "text": "Hi", "thread_ts": "1718183752.000100"},
                {"ok": True, "channel": "C1", "ts": "1718183752.000100", "message": MESSAGE},
            )
        ],
    ),
    (
        *("slack", "action", "message.send.direct", {"user": "U1", "text": "Hi"}),
        [
            ("POST", "/conversations.open", {"users": "U1"}, {"ok": True, "channel": {"id": "D1"}}),
            (
                *("POST", "/chat.postMessage", {"channel": "D1", "text": "Hi"}),
                {"ok": True, "channel": "D1", "ts": "1718183752.000100", "message": MESSAGE},
            ),
        ],
    ),
    (
        *("slack", "action", "message.schedule", {"channel": "C1", "text": "Hi", "at": "2026-01-31T12:00:00+01:00"}),
        [
            (
                *("POST", "/chat.scheduleMessage", {"channel": "C1", "text": "Hi", "post_at": 1769857200}),
                {"ok": True, "channel": "C1", "scheduled_message_id": "Q1", "post_at": "1769857200"},
            )
        ],
    ),
    (
        *("slack", "action", "message.update", {"channel": "C1", "ts": "1718183752.000100", "text": "Ho"}),
        [
            (
                *("POST", "/chat.update", {"channel": "C1", "ts": "1718183752.000100", "text": "Ho"}),
                {"ok": True, "channel": "C1", "ts": "1718183752.000100", "text": "Ho", "message": MESSAGE},
            )
        ],
    ),
    (
        *("slack", "action", "message.delete", {"channel": "C1", "ts": "1718183752.000100"}),
        [
            (
                *("POST", "/chat.delete", {"channel": "C1", "ts": "1718183752.000100"}),
                {"ok": True, "channel": "C1", "ts": "1718183752.000100"},
            )
        ],
    ),
    (
        *("slack", "action", "message.list", {"channel": "C1", "oldest": "1718183752"}),
        [
            (
                *("GET", "/conversations.history?channel=C1&oldest=1718183752&limit=50", None),
                {"ok": True, "messages": [MESSAGE], "response_metadata": {"next_cursor": "n"}},
            )
        ],
    ),
    (
        *("slack", "action", "reaction.add", {"channel": "C1", "ts": "1718183752.000100", "name": "thumbsup"}),
        [
            (
                *("POST", "/reactions.add"),
                *({"channel": "C1", "timestamp": "1718183752.000100", "name": "thumbsup"}, {"ok": True}),
            )
        ],
    ),
    (
        *("slack", "action", "channel.list", {"types": ["public_channel", "im"], "limit": 10}),
        [
            (
                *("GET", "/conversations.list?types=public_channel,im&limit=10&exclude_archived=true", None),
                {"ok": True, "channels": [CHANNEL], "response_metadata": {"next_cursor": ""}},
            )
        ],
    ),
    (
        *("slack", "action", "channel.create", {"name": "ops"}),
        [("POST", "/conversations.create", {"name": "ops"}, {"ok": True, "channel": CHANNEL})],
    ),
    (
        *("slack", "action", "channel.invite", {"channel": "C1", "users": ["U1", "U2"]}),
        [("POST", "/conversations.invite", {"channel": "C1", "users": "U1,U2"}, {"ok": True, "channel": CHANNEL})],
    ),
    (
        *("slack", "action", "channel.topic.set", {"channel": "C1", "topic": "All"}),
        [("POST", "/conversations.setTopic", {"channel": "C1", "topic": "All"}, {"ok": True, "channel": CHANNEL})],
    ),
    (
        *("slack", "action", "user.list", {}),
        [("GET", "/users.list?limit=200", None, {"ok": True, "members": [MEMBER]})],
    ),
    (
        *("slack", "action", "user.find", {"email": "ann@example.com"}),
        [("GET", "/users.lookupByEmail?email=ann@example.com", None, {"ok": True, "user": MEMBER})],
    ),
    (
        *("slack", "datatype", "channel", {}),
        [
            (
                *(
                    "GET",
                    "/conversations.list?types=public_channel,private_channel&limit=200&exclude_archived=true",
                    None,
                ),
                {"ok": True, "channels": [CHANNEL], "response_metadata": {"next_cursor": "n"}},
            ),
            ("GET", ANY, None, {"ok": True, "channels": [{**CHANNEL, "id": "C2", "name": "ops"}]}),
        ],
    ),
    (
        *("slack", "datatype", "user", {}),
        [("GET", "/users.list?limit=200", None, {"ok": True, "members": [MEMBER, {"id": "B1", "is_bot": True}]})],
    ),
    (
        *("slack", "condition", "user.isMember", {"channel": "C1", "user": "U1"}),
        [("GET", "/conversations.members?channel=C1&limit=1000", None, {"ok": True, "members": ["U2", "U1"]})],
    ),
]
