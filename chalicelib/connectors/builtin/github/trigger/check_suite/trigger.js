return await service.fn.deliver(notification, variables, { check_suite: "check_suite:check_suite" });
