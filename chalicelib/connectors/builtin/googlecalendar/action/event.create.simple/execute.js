// https://developers.google.com/workspace/calendar/api/v3/reference/events/insert
const { calendar = "primary", summary, start = now(), minutes = 60 } = input.data;
const body = await service.fn.resource({ summary, start, minutes });
const { data } = await service.fn.request("POST", ["calendars", calendar, "events"], { body });
return await service.fn.event(data, calendar);

function now() {
  return new Date(Math.floor(Date.now() / 60000) * 60000).toISOString().replace(".000Z", "Z");
}
