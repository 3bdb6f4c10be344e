return await service.fn.deliver(notification, variables, {
  review: "review:review",
  pull_request: "pull_request:pull_request",
  changes: "changes",
});
