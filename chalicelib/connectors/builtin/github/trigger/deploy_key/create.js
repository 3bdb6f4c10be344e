return await service.fn.register(webhook, variables, ["deploy_key"]);
