// The triggers of one of Jira's events: its own, where there is one, and `any`.
const triggers = {
  "jira:issue_created": "issue.created",
  "jira:issue_updated": "issue.updated",
  "jira:issue_deleted": "issue.deleted",
  comment_created: "comment.created",
};
const event = notification.body?.webhookEvent;
if (typeof event !== "string") return null;
return Object.hasOwn(triggers, event) ? [triggers[event], "any"] : ["any"];
