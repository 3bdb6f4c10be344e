return await service.fn.deliver(notification, variables, { build: "build:build" });
