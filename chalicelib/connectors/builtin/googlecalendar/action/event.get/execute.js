// https://developers.google.com/workspace/calendar/api/v3/reference/events/get
const { calendar = "primary", event } = input.data;
const { data } = await service.fn.request("GET", ["calendars", calendar, "events", event]);
return await service.fn.event(data, calendar);
