const { reaction = null, item, item_user = null } = notification.body?.event ?? {};
if (variables.reaction && variables.reaction !== reaction) return null;
const delivered = await service.fn.deliver(notification, variables, "reaction_added");
return delivered && { ...delivered, reaction, item_ts: item?.ts ?? null, item_user };
