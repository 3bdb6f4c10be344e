return await service.fn.deliver(notification, variables, { fork: "forkee:repository" });
