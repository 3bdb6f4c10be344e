// https://developers.google.com/workspace/calendar/api/v3/reference/events/quickAdd
const { calendar = "primary", text, sendUpdates } = input.data;
const query = { text, sendUpdates };
const { data } = await service.fn.request("POST", ["calendars", calendar, "events", "quickAdd"], { query });
return await service.fn.event(data, calendar);
