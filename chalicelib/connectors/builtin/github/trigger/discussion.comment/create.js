return await service.fn.register(webhook, variables, ["discussion_comment"]);
