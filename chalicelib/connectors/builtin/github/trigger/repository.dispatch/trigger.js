return await service.fn.deliver(notification, variables, { dispatch: ".:dispatch" });
