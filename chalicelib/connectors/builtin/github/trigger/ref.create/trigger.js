return await service.fn.deliver(notification, variables, { ref: ".:ref" });
