return await service.fn.deliver(notification, variables, {
  comment: "comment:comment",
  issue: "issue:issue",
  changes: "changes",
});
