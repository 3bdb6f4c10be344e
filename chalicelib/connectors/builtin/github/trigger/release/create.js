return await service.fn.register(webhook, variables, ["release"]);
