return await service.fn.deliver(notification, variables, { member: "member:user", changes: "changes" });
