if (match?.subscription !== subscription.id) return null;
const { state, resourceId, messageNumber } = await service.fn.pushed(notification);
return { calendar: variables.calendar || "primary", state, resourceId, messageNumber };
