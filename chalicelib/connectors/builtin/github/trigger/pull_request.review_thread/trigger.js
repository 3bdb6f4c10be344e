return await service.fn.deliver(notification, variables, {
  thread: "thread:thread",
  pull_request: "pull_request:pull_request",
});
