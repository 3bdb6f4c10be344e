return await service.fn.register(webhook, variables, variables.events?.length ? variables.events : ["*"]);
