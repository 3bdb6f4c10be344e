return await service.fn.deliver(notification, variables, {
  deployment_status: "deployment_status:deployment_status",
  deployment: "deployment:deployment",
});
