"""What the built-in connectors ask of their vendors, and what those answer: one case per action, choice and condition.

Bodies and answers are cut to what matters.
"""

from __future__ import annotations

from typing import Any

from tests.unit.connectors.cases import gmail, googlecalendar, http, jira, outlookmail, slack
from tests.unit.connectors.cases.shape import Case

BASES = {
    "gmail": "https://gmail.googleapis.com/gmail/v1/users/me",
    "googlecalendar": "https://www.googleapis.com/calendar/v3",
    "jira": "https://acme.atlassian.net/rest/api/3",
    "slack": "https://slack.com/api",
    "outlookmail": "https://graph.microsoft.com/v1.0/me",
    "http": "https://api.example.com",
}
TOKENS: dict[str, dict[str, Any]] = {
    "jira": {"type": "basic", "username": "ann@example.com", "password": "t0ken"},
    "http": {"type": "key", "key": "at"},
}
URLS = {"jira": "https://acme.atlassian.net", "http": "https://api.example.com/"}

CASES: list[Case] = [
    *gmail.CASES,
    *googlecalendar.CASES,
    *jira.CASES,
    *slack.CASES,
    *outlookmail.CASES,
    *http.CASES,
]


def case_id(case: Case) -> str:
    """Name a case in test reports."""
    return ".".join(case[:3])
