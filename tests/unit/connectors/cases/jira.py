"""What the jira connector asks, and what it is answered."""

from __future__ import annotations

from tests.unit.connectors.cases.shape import Case

PERSON = {"accountId": "5b10", "displayName": "Ann", "emailAddress": "ann@example.com"}
DOCUMENT = {
    **{"type": "doc", "version": 1},
    "content": [
        {"type": "paragraph", "content": [{"type": "text", "text": "One"}, {"type": "hardBreak"}]},
        {"type": "paragraph", "content": [{"type": "text", "text": "two"}]},
    ],
}
TWO_PARTS = {
    **DOCUMENT,
    "content": [{"type": "paragraph", "content": [{"type": "text", "text": t}]} for t in ("One", "two")],
}
ISSUE = {
    **{"id": "10002", "key": "OPS-1", "self": "https://acme.atlassian.net/rest/api/3/issue/10002"},
    "fields": {
        **{"summary": "It fails", "description": DOCUMENT, "status": {"id": "3", "name": "Open"}, "labels": ["bug"]},
        **{"issuetype": {"id": "1", "name": "Bug"}, "project": {"id": "100", "key": "OPS", "name": "Operations"}},
        **{"assignee": PERSON, "created": "2026-01-02T03:04:05.000+0000", "updated": "2026-01-02T03:04:05.000+0000"},
    },
}
FIELDS = (
    "fields=summary,description,status,issuetype,project,priority,assignee,reporter,labels,parent,duedate,"
    "resolution,created,updated"
)
COMMENT = {"id": "7", "body": DOCUMENT, "author": PERSON, "created": "2026-01-02T03:04:05.000+0000"}
MOVES = {"transitions": [{"id": "31", "name": "Close", "to": {"name": "Done"}}]}

CASES: list[Case] = [
    (
        *("jira", "action", "issue.create"),
        {
            **{
                "project": "OPS",
                "issueType": "10001",
                "summary": "It fails",
                "description": "One\n\ntwo",
                "labels": ["bug"],
            },
            **{"priority": "High", "assignee": "5b10", "parent": "OPS-9", "fields": {"customfield_1": 2}},
        },
        [
            (
                *("POST", "/issue"),
                {
                    "fields": {
                        **{"project": {"key": "OPS"}, "issuetype": {"id": "10001"}, "summary": "It fails"},
                        **{"description": TWO_PARTS, "priority": {"name": "High"}, "assignee": {"accountId": "5b10"}},
                        **{"labels": ["bug"], "parent": {"key": "OPS-9"}, "customfield_1": 2},
                    }
                },
                {"id": "10002", "key": "OPS-1", "self": "https://acme.atlassian.net/rest/api/3/issue/10002"},
            )
        ],
    ),
    ("jira", "action", "issue.get", {"issue": "OPS-1"}, [("GET", f"/issue/OPS-1?{FIELDS}", None, ISSUE)]),
    (
        *("jira", "action", "issue.update", {"issue": "OPS-1", "assignee": None, "notifyUsers": False}),
        [
            ("PUT", "/issue/OPS-1?notifyUsers=false", {"fields": {"assignee": None}}, None),
            ("GET", f"/issue/OPS-1?{FIELDS}", None, ISSUE),
        ],
    ),
    (
        *("jira", "action", "issue.search", {"jql": "project = OPS", "nextPageToken": "p"}),
        [
            (
                *("GET", f"/search/jql?jql=project+=+OPS&maxResults=50&nextPageToken=p&{FIELDS}", None),
                {"issues": [ISSUE], "nextPageToken": "q", "isLast": False},
            )
        ],
    ),
    (
        *("jira", "action", "issue.transition", {"issue": "OPS-1", "transition": "done", "comment": "One\n\ntwo"}),
        [
            ("GET", "/issue/OPS-1/transitions", None, MOVES),
            (
                *("POST", "/issue/OPS-1/transitions"),
                {"transition": {"id": "31"}, "update": {"comment": [{"add": {"body": TWO_PARTS}}]}},
                None,
            ),
            ("GET", f"/issue/OPS-1?{FIELDS}", None, ISSUE),
        ],
    ),
    (
        *("jira", "action", "issue.assign", {"issue": "OPS-1", "assignee": "5b10"}),
        [("PUT", "/issue/OPS-1/assignee", {"accountId": "5b10"}, None)],
    ),
    (
        *("jira", "action", "issue.delete", {"issue": "OPS-1"}),
        [("DELETE", "/issue/OPS-1?deleteSubtasks=false", None, None)],
    ),
    (
        *("jira", "action", "issue.link", {"type": "Blocks", "from": "OPS-1", "to": "OPS-2"}),
        [
            (
                *("POST", "/issueLink"),
                {"type": {"name": "Blocks"}, "inwardIssue": {"key": "OPS-1"}, "outwardIssue": {"key": "OPS-2"}},
                None,
            )
        ],
    ),
    (
        *("jira", "action", "comment.create", {"issue": "OPS-1", "text": "One\n\ntwo"}),
        [("POST", "/issue/OPS-1/comment", {"body": TWO_PARTS}, COMMENT)],
    ),
    (
        *("jira", "action", "comment.list", {"issue": "OPS-1"}),
        [
            (
                *("GET", "/issue/OPS-1/comment?startAt=0&maxResults=50&orderBy=created", None),
                {"comments": [COMMENT], "total": 1},
            )
        ],
    ),
    (
        *("jira", "action", "project.list", {"query": "op"}),
        [
            (
                *("GET", "/project/search?query=op&startAt=0&maxResults=50&orderBy=name", None),
                {"values": [{"id": "100", "key": "OPS", "name": "Operations"}], "isLast": True},
            )
        ],
    ),
    (
        *("jira", "action", "user.search", {"query": "ann"}),
        [("GET", "/user/search?query=ann&maxResults=50", None, [PERSON])],
    ),
    (
        *("jira", "datatype", "project", {}),
        [
            (
                *("GET", "/project/search?startAt=0&maxResults=50&orderBy=name", None),
                {"values": [{"id": "100", "key": "OPS", "name": "Operations"}], "isLast": True},
            )
        ],
    ),
    (
        *("jira", "datatype", "issueType", {"project": "100"}),
        [("GET", "/project/100?expand=issueTypes", None, {"issueTypes": [{"id": "1", "name": "Bug"}]})],
    ),
    (
        *("jira", "datatype", "user", {"project": "OPS", "query": "an"}),
        [("GET", "/user/assignable/search?project=OPS&query=an&maxResults=100", None, [PERSON])],
    ),
    (
        *("jira", "datatype", "priority", {}),
        [("GET", "/priority/search?maxResults=50", None, {"values": [{"id": "2", "name": "High"}]})],
    ),
    (
        *("jira", "datatype", "transition", {"issue": "OPS-1"}),
        [("GET", "/issue/OPS-1/transitions", None, MOVES)],
    ),
    (
        *("jira", "condition", "issue.matches", {"issue": "OPS-1", "jql": "status = Open ORDER BY created"}),
        [
            ("GET", f"/issue/OPS-1?{FIELDS}", None, ISSUE),
            ("GET", f"/search/jql?jql=id+=+10002+AND+(status+=+Open)&maxResults=1&{FIELDS}", None, {"issues": [ISSUE]}),
        ],
    ),
]
