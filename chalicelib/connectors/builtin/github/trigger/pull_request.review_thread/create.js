return await service.fn.register(webhook, variables, ["pull_request_review_thread"]);
