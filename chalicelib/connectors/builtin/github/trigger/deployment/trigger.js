return await service.fn.deliver(notification, variables, {
  deployment: "deployment:deployment",
  workflow_run: "workflow_run:workflow_run",
});
