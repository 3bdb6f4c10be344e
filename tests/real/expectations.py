"""What must happen to each published example, said independently of the connector."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

OWN_TRIGGER = {
    "branch_protection_rule": "branch_protection_rule",
    "check_run": "check_run",
    "check_suite": "check_suite",
    "code_scanning_alert": "code_scanning_alert",
    "commit_comment": "commit.comment",
    "create": "ref.create",
    "delete": "ref.delete",
    "dependabot_alert": "dependabot_alert",
    "deploy_key": "deploy_key",
    "deployment": "deployment",
    "deployment_review": "deployment.review",
    "deployment_status": "deployment.status",
    "discussion": "discussion",
    "discussion_comment": "discussion.comment",
    "fork": "fork",
    "gollum": "wiki",
    "issue_comment": "issue.comment",
    "issues": "issue",
    "label": "label",
    "member": "member",
    "membership": "membership",
    "merge_group": "merge_group",
    "milestone": "milestone",
    "organization": "organization",
    "package": "package",
    "page_build": "pages.build",
    "public": "repository.public",
    "pull_request": "pull_request",
    "pull_request_review": "pull_request.review",
    "pull_request_review_comment": "pull_request.review_comment",
    "pull_request_review_thread": "pull_request.review_thread",
    "push": "push",
    "release": "release",
    "repository": "repository",
    "repository_dispatch": "repository.dispatch",
    "star": "star",
    "status": "commit.status",
    "team": "team",
    "watch": "watch",
    "workflow_dispatch": "workflow.dispatch",
    "workflow_job": "workflow_job",
    "workflow_run": "workflow_run",
}
EVENTS, EXAMPLES = 58, 329  # of the pinned package


def triggers_of(event: str) -> list[str]:
    """Name the triggers an event must reach."""
    if event == "ping":
        return []
    return [OWN_TRIGGER[event], "any"] if event in OWN_TRIGGER else ["any"]


def fits(event: str, payload: Mapping[str, Any], trigger: str, variables: Mapping[str, Any]) -> bool:
    """Say whether a subscription must receive an example. Of branches, only pushes are judged here."""
    if trigger not in triggers_of(event):
        return False
    full_name = payload.get("repository", {}).get("full_name", "")
    return (
        variables.get("repository", full_name).lower() == full_name.lower()
        and event in variables.get("events", [event])
        and payload.get("action") in variables.get("actions", [payload.get("action")])
        and ("branch" not in variables or payload.get("ref") == f"refs/heads/{variables['branch']}")
    )
