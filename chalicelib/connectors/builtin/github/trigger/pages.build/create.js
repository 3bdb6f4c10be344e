return await service.fn.register(webhook, variables, ["page_build"]);
