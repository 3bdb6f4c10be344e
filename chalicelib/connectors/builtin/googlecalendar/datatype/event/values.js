// https://developers.google.com/workspace/calendar/api/v3/reference/events/list: the next hundred.
const { calendar = "primary" } = input.data;
const query = {
  timeMin: new Date(Date.now()).toISOString(),
  singleEvents: true,
  orderBy: "startTime",
  maxResults: 100,
};
const { data } = await service.fn.request("GET", ["calendars", calendar, "events"], { query });
const values = (data.items ?? []).map(({ id, summary, start }) => {
  const at = start?.dateTime ?? start?.date ?? "";
  return { label: `${summary ?? "(no title)"} ${at.slice(0, 16).replace("T", " ")}`.trim(), value: id };
});
return { values };
