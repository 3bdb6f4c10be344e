return await service.fn.register(webhook, variables, ["dependabot_alert"]);
