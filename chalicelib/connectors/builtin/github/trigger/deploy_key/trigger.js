return await service.fn.deliver(notification, variables, { key: "key:deploy_key" });
