// https://developers.google.com/workspace/calendar/api/v3/reference/events/delete
const { calendar = "primary", event, sendUpdates } = input.data;
try {
  await service.fn.request("DELETE", ["calendars", calendar, "events", event], { query: { sendUpdates } });
} catch (error) {
  if (error.status !== 410) throw error; // deleted before
}
return { id: event, isDeleted: true };
