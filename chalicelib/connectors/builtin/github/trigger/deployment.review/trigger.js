return await service.fn.deliver(notification, variables, {
  environment: "environment",
  reviewers: "reviewers:reviewer",
  workflow_run: "workflow_run:workflow_run",
});
