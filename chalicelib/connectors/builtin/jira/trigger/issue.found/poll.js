// Issues created or changed since the last poll, oldest first, needing no webhook. JQL knows minutes only, and reads
// times in the user's zone: so it is asked for the last so many minutes, with an overlap that the ids tell apart.
// A pass ends where Jira's clock stood when it began.
const OVERLAP_MINUTES = 3;
const change = variables.change === "created" ? "created" : "updated";
const wanted = (variables.jql ?? "").replace(/\border\s+by\b[^"']*$/i, "").trim();
if (!cursor) {
  const { headers } = await service.fn.search(`${wanted || `${change} >= "-1d"`} ORDER BY ${change} ASC`, 1);
  return { records: [], cursor: { since: timeOf(headers) } };
}
const minutes = Math.max(0, Math.ceil((Date.now() - cursor.since) / 60000)) + OVERLAP_MINUTES;
const asked = cursor.jql ?? `${wanted ? `(${wanted}) AND ` : ""}${change} >= "-${minutes}m" ORDER BY ${change} ASC`;
let found;
try {
  found = await service.fn.search(asked, 50, cursor.page);
} catch (error) {
  if (error.status !== 400 || !cursor.page) throw error;
  // A page too old to turn: once more from the start.
  return { records: [], cursor: { since: cursor.since }, more: true };
}
const began = cursor.began ?? timeOf(found.headers);
const shown = await Promise.all(found.issues.map((issue) => service.fn.issue(issue)));
const fresh = shown.filter((issue) => !(Date.parse(issue[change]) < cursor.since - OVERLAP_MINUTES * 60000));
const idOf = ({ id, updated }) => (change === "created" ? `created:${id}` : `updated:${id}:${updated}`);
const records = fresh.map((issue) => ({ id: idOf(issue), change, issue }));
return found.nextPageToken
  ? { records, cursor: { since: cursor.since, began, jql: asked, page: found.nextPageToken }, more: true }
  : { records, cursor: { since: began }, more: false };

function timeOf(headers) {
  return Date.parse(headers?.date ?? "") || Date.now();
}
