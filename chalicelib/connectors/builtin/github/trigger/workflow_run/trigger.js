return await service.fn.deliver(notification, variables, {
  workflow_run: "workflow_run:workflow_run",
  workflow: "workflow:workflow",
});
