return await service.fn.register(webhook, variables, ["check_suite"]);
