return await service.fn.deliver(notification, variables, ["comment_created"]);
