return await service.fn.deliver(notification, variables, { starred_at: "starred_at" });
