const delivered = await service.fn.deliver(notification, variables, "team_join");
return delivered && { ...delivered, member: await service.fn.user(notification.body.event.user) };
