// https://developers.google.com/workspace/calendar/api/v3/reference/events/patch
const { calendar = "primary", event, sendUpdates, ...data } = input.data;
const body = await service.fn.resource(data);
const query = { sendUpdates, conferenceDataVersion: data.conference ? 1 : undefined };
const response = await service.fn.request("PATCH", ["calendars", calendar, "events", event], { query, body });
return await service.fn.event(response.data, calendar);
