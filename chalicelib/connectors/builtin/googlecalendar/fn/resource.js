// resource(data): what Google calls an event, out of an action's input; only what was given is in it.
// A moment is a date (2026-01-31: all day) or a time (2026-01-31T09:00:00+01:00; without the offset with timeZone).
const [{ start, end, minutes, timeZone, attendees, reminderMinutes, conference, ...data }] = args;
const plain = ["summary", "description", "location", "recurrence", "visibility", "transparency", "colorId"];
const event = Object.fromEntries(plain.filter((name) => data[name] !== undefined).map((name) => [name, data[name]]));
if (start !== undefined) event.start = moment(start);
if (end !== undefined || (start !== undefined && minutes !== undefined)) event.end = moment(end ?? later(start));
if (attendees !== undefined) event.attendees = attendees.map((email) => ({ email }));
if (reminderMinutes !== undefined) {
  event.reminders = {
    useDefault: false,
    overrides: reminderMinutes.map((before) => ({ method: "popup", minutes: before })),
  };
}
if (conference) {
  event.conferenceData = {
    createRequest: { requestId: $.crypto.randomUUID(), conferenceSolutionKey: { type: "hangoutsMeet" } },
  };
}
return event;

function moment(text) {
  return isDay(text) ? { date: text } : { dateTime: text, timeZone };
}

// A day later for days, else the minutes later; a time without its offset stays one.
function later(text) {
  if (isDay(text)) return shifted(`${text}T00:00:00Z`, 1440).slice(0, 10);
  const hasOffset = /(?:[zZ]|[+-]\d\d:?\d\d)$/.test(text);
  return hasOffset ? shifted(text, minutes) : shifted(`${text}Z`, minutes).slice(0, -1);
}

function shifted(text, by) {
  const at = Date.parse(text);
  if (!Number.isFinite(at)) {
    const error = new Error(`${JSON.stringify(text)} is neither a date nor a time`);
    error.status = 400;
    throw error;
  }
  return new Date(at + by * 60000).toISOString().replace(".000Z", "Z");
}

function isDay(text) {
  return /^\d{4}-\d\d-\d\d$/.test(text);
}
