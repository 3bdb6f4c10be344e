// https://developers.google.com/workspace/calendar/api/v3/reference/calendarList/list
const query = { maxResults: 250, minAccessRole: input.data.minAccessRole };
const { data } = await service.fn.request("GET", ["users", "me", "calendarList"], { query });
const calendars = await Promise.all((data.items ?? []).map((entry) => service.fn.calendar(entry)));
return { values: calendars.map(({ id, summary }) => ({ label: summary ?? id, value: id })) };
