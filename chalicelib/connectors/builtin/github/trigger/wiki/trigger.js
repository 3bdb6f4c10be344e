return await service.fn.deliver(notification, variables, { pages: "pages:page" });
