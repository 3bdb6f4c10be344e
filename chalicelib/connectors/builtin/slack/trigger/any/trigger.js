const delivered = await service.fn.deliver(notification, variables);
if (!delivered || (variables.events?.length && !variables.events.includes(delivered.event))) return null;
return { ...delivered, payload: notification.body.event };
