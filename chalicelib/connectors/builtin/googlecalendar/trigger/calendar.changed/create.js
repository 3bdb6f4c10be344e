// A channel of notifications. Google has no renewal: a new one is opened, then the one before is closed.
// https://developers.google.com/workspace/calendar/api/v3/reference/events/watch
const calendar = variables.calendar || "primary";
const { data } = await service.fn.request("POST", ["calendars", calendar, "events", "watch"], {
  body: {
    id: `${subscription.id}-${Date.now().toString(36)}`,
    type: "web_hook",
    address: webhook.urls.notification,
    token: subscription.id,
  },
});
if (stored) await service.fn.close(stored);
return { id: data.id, resourceId: data.resourceId, expiresAt: data.expiration };
