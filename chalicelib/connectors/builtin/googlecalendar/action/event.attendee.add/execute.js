// https://developers.google.com/workspace/calendar/api/v3/reference/events/patch
const { calendar = "primary", event, attendees, sendUpdates } = input.data;
const path = ["calendars", calendar, "events", event];
const { data: found } = await service.fn.request("GET", path);
const invited = found.attendees ?? [];
const isNew = (email) => !invited.some((one) => one.email?.toLowerCase() === email.toLowerCase());
const body = { attendees: [...invited, ...attendees.filter(isNew).map((email) => ({ email }))] };
const { data } = await service.fn.request("PATCH", path, { query: { sendUpdates }, body });
return await service.fn.event(data, calendar);
