// freeBusy(calendars, from, until, timeZone): when calendars are taken: [{id, busy: [{start, end}], errors}].
// https://developers.google.com/workspace/calendar/api/v3/reference/freebusy/query
const [calendars, timeMin, timeMax, timeZone] = args;
const body = { timeMin, timeMax, timeZone, items: calendars.map((id) => ({ id })) };
const { data } = await service.fn.request("POST", ["freeBusy"], { body });
return Object.entries(data.calendars ?? {}).map(([id, { busy = [], errors = [] }]) => ({
  id,
  busy: busy.map(({ start, end }) => ({ start, end })),
  errors: errors.map(({ reason }) => reason ?? "unknown"),
}));
