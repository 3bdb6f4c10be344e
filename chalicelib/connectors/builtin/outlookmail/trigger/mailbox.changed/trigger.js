// One notification may hold changes for several subscriptions: clientState is the id of the one it is for.
const mine = notification.body.value.filter(({ clientState }) => clientState === subscription.id);
const changes = mine.map(({ changeType, resourceData }) => ({
  change: String(changeType),
  messageId: resourceData?.id ?? null,
}));
return changes.length ? { folder: variables.folder || "inbox", changes } : null;
