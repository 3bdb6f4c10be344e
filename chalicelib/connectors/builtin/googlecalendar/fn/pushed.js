// pushed(notification): what a channel's headers say, {channel, subscription, resourceId, state, messageNumber}; or null.
// The channel's token is the id of the subscription it was made for.
const [{ headers }] = args;
const channel = headers["x-goog-channel-id"];
const subscription = headers["x-goog-channel-token"];
if (!channel || !subscription) return null;
return {
  channel,
  subscription,
  resourceId: headers["x-goog-resource-id"] ?? null,
  state: headers["x-goog-resource-state"] ?? "exists",
  messageNumber: Number(headers["x-goog-message-number"] ?? 0),
};
