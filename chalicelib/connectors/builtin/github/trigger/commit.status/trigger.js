return await service.fn.deliver(notification, variables, { status: ".:status" });
