return await service.fn.deliver(notification, variables, { changes: "changes" });
