// New messages only: changes, deletions and the like are messages with a subtype. Files come as one with text.
const event = notification.body?.event ?? {};
const isNew = !event.subtype || ["file_share", "thread_broadcast", "me_message"].includes(event.subtype);
const isBot = Boolean(event.bot_id) || event.subtype === "bot_message";
if (isBot ? !variables.includeBots : !isNew) return null;
if (variables.contains && !(event.text ?? "").toLowerCase().includes(variables.contains.toLowerCase())) return null;
const delivered = await service.fn.deliver(notification, variables, "message");
return delivered && { ...delivered, message: await service.fn.message(event) };
