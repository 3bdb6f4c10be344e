// Events that start within the next minutes, each repetition for itself, once per start. All-day events do not start
// at an hour and are left out. `emit`: what starts soon counts from the first poll on.
const MAX_LATE_MS = 3600000;
const calendar = variables.calendar || "primary";
const minutesBefore = variables.minutesBefore ?? 15;
const now = Date.now();
const from = Math.max(cursor?.until ?? now, now - MAX_LATE_MS);
const until = now + minutesBefore * 60000;
const times = { timeMin: new Date(Math.min(from, now)).toISOString(), timeMax: new Date(until + 1000).toISOString() };
const query = { ...times, q: variables.query, singleEvents: true, orderBy: "startTime", maxResults: 1000 };
const { data } = await service.fn.request("GET", ["calendars", calendar, "events"], { query });
const isStarting = ({ status, start }) => {
  const at = Date.parse(start?.dateTime ?? "");
  return status !== "cancelled" && at >= Math.min(from, now) && at <= until;
};
const shown = await Promise.all(
  (data.items ?? []).filter(isStarting).map((event) => service.fn.event(event, calendar)),
);
const records = shown.map((event) => ({ id: `${event.id}:${event.start.dateTime}`, minutesBefore, event }));
return { records, cursor: { until: now }, more: false, emit: true };
