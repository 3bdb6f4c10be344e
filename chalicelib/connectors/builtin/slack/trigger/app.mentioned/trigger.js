const delivered = await service.fn.deliver(notification, variables, "app_mention");
return delivered && { ...delivered, message: await service.fn.message(notification.body.event) };
