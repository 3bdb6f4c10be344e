return await service.fn.register(webhook, variables, ["commit_comment"]);
