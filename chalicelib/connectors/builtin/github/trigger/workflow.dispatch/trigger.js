return await service.fn.deliver(notification, variables, { workflow_dispatch: ".:workflow_dispatch" });
