// Events created since the last poll; a minute's overlap, because Google's clocks differ and ids tell repeats.
const calendar = variables.calendar || "primary";
const { events, since, cursor: next, more } = await service.fn.changes(calendar, cursor);
const isNew = ({ status, created }) => status !== "cancelled" && Date.parse(created) >= Date.parse(since) - 60000;
const shown = await Promise.all(events.filter(isNew).map((event) => service.fn.event(event, calendar)));
return { records: shown.map((event) => ({ id: `created:${event.id}`, event })), cursor: next, more };
