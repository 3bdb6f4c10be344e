return await service.fn.register(webhook, variables, ["code_scanning_alert"]);
