return await service.fn.deliver(notification, variables, {
  comment: "comment:review_comment",
  pull_request: "pull_request:pull_request",
  changes: "changes",
});
