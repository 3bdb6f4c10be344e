return await service.fn.deliver(notification, variables, { package: "package:package" });
