// https://developers.google.com/workspace/calendar/api/v3/reference/events/insert
const { calendar = "primary", sendUpdates, minutes = 60, ...data } = input.data;
const body = await service.fn.resource({ ...data, minutes });
const query = { sendUpdates, conferenceDataVersion: data.conference ? 1 : undefined };
const response = await service.fn.request("POST", ["calendars", calendar, "events"], { query, body });
return await service.fn.event(response.data, calendar);
