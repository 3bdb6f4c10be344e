return await service.fn.register(webhook, variables, ["branch_protection_rule"]);
