// https://developers.google.com/workspace/calendar/api/v3/reference/events/move
const { calendar = "primary", event, destination, sendUpdates } = input.data;
const query = { destination, sendUpdates };
const { data } = await service.fn.request("POST", ["calendars", calendar, "events", event, "move"], { query });
return await service.fn.event(data, destination);
