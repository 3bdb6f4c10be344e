return await service.fn.deliver(notification, variables, {
  issue: "issue:issue",
  label: "label:label",
  assignee: "assignee:user",
  changes: "changes",
});
