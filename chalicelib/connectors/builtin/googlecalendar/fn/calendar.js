// calendar(entry): an entry of the calendar list, or a calendar, in the shape this connector shows.
const [{ id, summary, summaryOverride, description, timeZone, accessRole, primary }] = args;
return {
  id,
  summary: summaryOverride ?? summary ?? null,
  description: description ?? null,
  timeZone: timeZone ?? null,
  accessRole: accessRole ?? null,
  primary: primary === true,
};
