const delivered = await service.fn.deliver(notification, variables);
return delivered && { ...delivered, payload: notification.body };
