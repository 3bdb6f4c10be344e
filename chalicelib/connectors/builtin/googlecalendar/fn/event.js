// event(event, calendar): a calendar's event in the shape this connector shows.
// https://developers.google.com/workspace/calendar/api/v3/reference/events
const [event, calendar] = args;
return {
  id: event.id,
  calendar,
  status: event.status ?? null,
  summary: event.summary ?? null,
  description: event.description ?? null,
  location: event.location ?? null,
  start: moment(event.start),
  end: moment(event.end),
  isAllDay: Boolean(event.start?.date),
  attendees: (event.attendees ?? []).map((one) => ({
    email: one.email ?? null,
    displayName: one.displayName ?? null,
    responseStatus: one.responseStatus ?? null,
    optional: one.optional === true,
    organizer: one.organizer === true,
    self: one.self === true,
  })),
  organizer: person(event.organizer),
  creator: person(event.creator),
  recurrence: event.recurrence ?? [],
  recurringEventId: event.recurringEventId ?? null,
  iCalUID: event.iCalUID ?? null,
  htmlLink: event.htmlLink ?? null,
  hangoutLink: event.hangoutLink ?? null,
  visibility: event.visibility ?? null,
  transparency: event.transparency ?? null,
  created: event.created ?? null,
  updated: event.updated ?? null,
};

function moment(given) {
  if (!given) return null;
  return { date: given.date ?? null, dateTime: given.dateTime ?? null, timeZone: given.timeZone ?? null };
}

function person(given) {
  return given
    ? { email: given.email ?? null, displayName: given.displayName ?? null, self: given.self === true }
    : null;
}
