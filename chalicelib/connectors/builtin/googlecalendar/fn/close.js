// close(channel): close a channel of notifications; one that is gone already is as good.
// https://developers.google.com/workspace/calendar/api/v3/reference/channels/stop
const [channel] = args;
if (!channel) return;
try {
  await service.fn.request("POST", ["channels", "stop"], { body: { id: channel.id, resourceId: channel.resourceId } });
} catch (error) {
  if (error.status !== 404) throw error;
}
