// Of a deleted event Google tells little more than its id.
const calendar = variables.calendar || "primary";
const { events, cursor: next, more } = await service.fn.changes(calendar, cursor);
const gone = events.filter(({ status }) => status === "cancelled");
const shown = await Promise.all(gone.map((event) => service.fn.event(event, calendar)));
return { records: shown.map((event) => ({ id: `deleted:${event.id}`, event })), cursor: next, more };
