// changes(calendar, cursor): a page of the events that changed since the cursor.
// Returns {events, since, cursor, more}; `since` is Google's time when the pass before this one began. The first pass
// goes through the whole calendar for the token that later ones begin with, and shows nothing. When Google forgets the
// token (410), the whole calendar is gone through once more, for what changed since.
// https://developers.google.com/workspace/calendar/api/guides/sync
const [calendar, cursor] = args;
const path = ["calendars", calendar, "events"];
const { token, page, since = null } = cursor ?? {};
const isFirst = since === null;
const fields = isFirst ? "nextPageToken,nextSyncToken" : undefined;
const query = { maxResults: 250, syncToken: token, pageToken: page, fields };
let response;
try {
  response = await service.fn.request("GET", path, { query });
} catch (error) {
  if (error.status !== 410 || isFirst) throw error;
  return { events: [], since, cursor: { since }, more: true };
}
const { data, headers } = response;
const began = cursor?.began ?? new Date(headers?.date ?? Date.now()).toISOString();
const listed = isFirst ? [] : (data.items ?? []).filter((event) => token || !event.updated || event.updated >= since);
const next = data.nextPageToken
  ? { token, page: data.nextPageToken, since, began }
  : { token: data.nextSyncToken, since: began };
return { events: listed, since, cursor: next, more: Boolean(data.nextPageToken) };
