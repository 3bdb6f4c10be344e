const delivered = await service.fn.deliver(notification, variables, "channel_created");
return delivered && { ...delivered, name: notification.body.event.channel?.name ?? null };
