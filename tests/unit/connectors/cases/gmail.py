"""What the gmail connector asks, and what it is answered."""

from __future__ import annotations

from unittest.mock import ANY

from tests.unit.connectors.cases.shape import Case

HEADERS = [
    {"name": "From", "value": "Ann <ann@example.com>"},
    {"name": "To", "value": "me@example.com, Bob <bob@example.com>"},
    {"name": "Subject", "value": "Lunch"},
    {"name": "Message-ID", "value": "<m1@example.com>"},
]
MAIL = {
    **{"id": "m1", "threadId": "t1", "labelIds": ["INBOX", "UNREAD"], "snippet": "At noon?", "historyId": "41227"},
    **{"internalDate": "1718183752000", "sizeEstimate": 111, "payload": {"mimeType": "text/plain", "headers": HEADERS}},
}
READ = "/messages/m1?format=full"
META = "".join(
    f"&metadataHeaders={name}"
    for name in ("From", "To", "Cc", "Bcc", "Reply-To", "Subject", "Date", "Message-ID", "References")
)

CASES: list[Case] = [
    (
        *("gmail", "action", "email.send", {"to": "ann@example.com", "subject": "Lunch", "text": "At noon?"}),
        [("POST", "/messages/send", {"raw": ANY}, {"id": "m1", "threadId": "t1"}), ("GET", READ, None, MAIL)],
    ),
    (
        *("gmail", "action", "email.reply", {"id": "m1", "text": "Yes", "all": True}),
        [
            ("GET", f"/messages/m1?format=metadata{META}", None, MAIL),
            ("GET", "/profile", None, {"emailAddress": "me@example.com"}),
            ("POST", "/messages/send", {"raw": ANY, "threadId": "t1"}, {"id": "m1"}),
            ("GET", READ, None, MAIL),
        ],
    ),
    (
        *("gmail", "action", "email.list", {"query": "is:unread", "labels": ["INBOX", "L1"], "pageToken": "p"}),
        [
            (
                *("GET", "/messages?q=is:unread&labelIds=INBOX&labelIds=L1&maxResults=20&pageToken=p", None),
                {"messages": [{"id": "m1", "threadId": "t1"}], "nextPageToken": "q", "resultSizeEstimate": 3},
            ),
            ("GET", f"/messages/m1?format=metadata{META}", None, MAIL),
        ],
    ),
    ("gmail", "action", "email.get", {"id": "m1"}, [("GET", READ, None, MAIL)]),
    (
        *("gmail", "action", "email.label", {"id": "m1", "add": ["L1"], "remove": ["UNREAD"]}),
        [("POST", "/messages/m1/modify", {"addLabelIds": ["L1"], "removeLabelIds": ["UNREAD"]}, MAIL)],
    ),
    ("gmail", "action", "email.trash", {"id": "m1"}, [("POST", "/messages/m1/trash", None, MAIL)]),
    (
        *("gmail", "action", "email.draft.create", {"to": ["ann@example.com"], "html": "<b>Hi</b>", "threadId": "t1"}),
        [
            ("POST", "/drafts", {"message": {"raw": ANY, "threadId": "t1"}}, {"id": "d1", "message": {"id": "m1"}}),
            ("GET", READ, None, MAIL),
        ],
    ),
    (
        *("gmail", "action", "email.draft.send", {"id": "d1"}),
        [("POST", "/drafts/send", {"id": "d1"}, {"id": "m1"}), ("GET", READ, None, MAIL)],
    ),
    (
        *("gmail", "action", "thread.get", {"id": "t1"}),
        [("GET", "/threads/t1?format=full", None, {"id": "t1", "historyId": "5", "messages": [MAIL]})],
    ),
    (
        *("gmail", "action", "attachment.get", {"messageId": "m1", "attachmentId": "a1"}),
        [("GET", "/messages/m1/attachments/a1", None, {"size": 2, "data": "-_8="})],
    ),
    (
        *("gmail", "action", "label.create", {"name": "Bills"}),
        [
            (
                *("POST", "/labels"),
                {"name": "Bills", "labelListVisibility": "labelShow", "messageListVisibility": "show"},
                {"id": "L1", "name": "Bills", "type": "user"},
            )
        ],
    ),
    (
        *("gmail", "action", "mailbox.watch", {"topic": "projects/p/topics/t", "labels": ["INBOX"]}),
        [
            (
                *("POST", "/watch"),
                {"topicName": "projects/p/topics/t", "labelIds": ["INBOX"], "labelFilterBehavior": "include"},
                {"historyId": "9", "expiration": "1718183752000"},
            )
        ],
    ),
    (
        *("gmail", "datatype", "label", {}),
        [("GET", "/labels", None, {"labels": [{"id": "INBOX", "name": "INBOX"}, {"id": "L1", "name": "Bills"}]})],
    ),
    (
        *("gmail", "datatype", "sender", {}),
        [("GET", "/settings/sendAs", None, {"sendAs": [{"sendAsEmail": "me@example.com", "displayName": "Me"}]})],
    ),
    (
        "gmail",
        "condition",
        "email.matches",
        {"id": "m1", "from": "ANN@", "label": "INBOX"},
        [("GET", READ, None, MAIL)],
    ),
]
