return await service.fn.deliver(notification, variables, {
  check_run: "check_run:check_run",
  requested_action: "requested_action:requested_action",
});
