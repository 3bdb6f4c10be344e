// https://developers.google.com/workspace/calendar/api/v3/reference/events/list
const { calendar = "primary", query: q, from, until, expandRecurring = true, maxResults = 50, pageToken } = input.data;
const order = expandRecurring ? { singleEvents: true, orderBy: "startTime" } : {};
const query = { q, timeMin: from, timeMax: until, ...order, maxResults, pageToken };
const { data } = await service.fn.request("GET", ["calendars", calendar, "events"], { query });
const events = await Promise.all((data.items ?? []).map((event) => service.fn.event(event, calendar)));
return { events, nextPageToken: data.nextPageToken ?? null };
