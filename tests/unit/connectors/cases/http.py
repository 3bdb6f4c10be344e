"""What the http connector asks, and what it is answered."""

from __future__ import annotations

from tests.unit.connectors.cases.shape import Case

CASES: list[Case] = [
    (
        *("http", "action", "request.get", {"url": "/items", "query": {"q": ["a", "b c"]}, "headers": {"X-A": "1"}}),
        [("GET", "/items?q=a&q=b+c", None, [1])],
    ),
    (
        "http",
        "action",
        "request.post",
        {"url": "/items", "body": {"a": None}},
        [("POST", "/items", {"a": None}, {"id": 1})],
    ),
    ("http", "action", "request.put", {"url": "/items/1", "body": [1]}, [("PUT", "/items/1", [1], None)]),
    ("http", "action", "request.patch", {"url": "/items/1", "body": "text"}, [("PATCH", "/items/1", "text", None)]),
    ("http", "action", "request.delete", {"url": "/items/1"}, [("DELETE", "/items/1", None, None)]),
    ("http", "action", "request.send", {"method": "HEAD", "url": "/items"}, [("HEAD", "/items", None, None)]),
    (
        *("http", "condition", "response.matches", {"url": "/items/1", "field": "state.name", "equals": "done"}),
        [("GET", "/items/1", None, {"state": {"name": "done"}})],
    ),
]
