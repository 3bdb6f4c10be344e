// Events changed after they were created; those that were only created differ by less than two seconds.
const calendar = variables.calendar || "primary";
const { events, cursor: next, more } = await service.fn.changes(calendar, cursor);
const isChanged = ({ status, created, updated }) =>
  status !== "cancelled" && !(Date.parse(updated) - Date.parse(created) < 2000);
const shown = await Promise.all(events.filter(isChanged).map((event) => service.fn.event(event, calendar)));
return { records: shown.map((event) => ({ id: `updated:${event.id}:${event.updated}`, event })), cursor: next, more };
