// The first notification of a channel only says that it stands.
const pushed = await service.fn.pushed(notification);
if (!pushed || pushed.state === "sync") return null;
const { channel, subscription, messageNumber } = pushed;
return { trigger: "calendar.changed", match: { subscription }, id: `${channel}:${messageNumber}` };
