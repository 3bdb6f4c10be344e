// True when nothing on the calendar shows as busy in that time. A calendar that cannot be read is an error, not free.
const { calendar = "primary", from, until } = input.data;
const [found] = await service.fn.freeBusy([calendar], from, until);
const errors = found?.errors ?? ["no answer"];
if (errors.length) throw new Error(`Google Calendar cannot read ${calendar}: ${errors.join(", ")}`);
return found.busy.length === 0;
