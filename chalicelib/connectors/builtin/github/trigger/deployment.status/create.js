return await service.fn.register(webhook, variables, ["deployment_status"]);
