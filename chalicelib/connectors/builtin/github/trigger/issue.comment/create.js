return await service.fn.register(webhook, variables, ["issue_comment"]);
