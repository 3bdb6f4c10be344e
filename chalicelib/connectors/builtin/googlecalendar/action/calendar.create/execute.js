// https://developers.google.com/workspace/calendar/api/v3/reference/calendars/insert
const { summary, description, timeZone } = input.data;
const { data } = await service.fn.request("POST", ["calendars"], { body: { summary, description, timeZone } });
return await service.fn.calendar(data);
