// Issues changed since the last poll, oldest change first. The cursor is {since, page}: `since` is GitHub's own time
// and includes its second, so the last ones come again; their ids (issue and time of change) tell repeats.
// https://docs.github.com/rest/issues/issues#list-repository-issues
const PAGE_SIZE = 100;
const path = `${await service.fn.repository(variables.repository)}/issues`;
const order = { state: "all", sort: "updated", direction: "asc" };

if (!cursor) {
  const { headers } = await service.fn.request("GET", path, { query: { ...order, per_page: 1 } });
  const now = headers?.date ? new Date(headers.date) : new Date();
  return { records: [], cursor: { since: seconds(now), page: 1 } };
}

const query = { ...order, since: cursor.since, per_page: PAGE_SIZE, page: cursor.page ?? 1 };
const { data: issues } = await service.fn.request("GET", path, { query });
const wanted = issues.filter((issue) => variables.includePullRequests || !issue.pull_request);
const records = (await service.fn.pick("issue", wanted)).map((issue) => ({
  id: `${issue.id}:${issue.updated_at}`,
  repository: variables.repository,
  issue,
}));
return { records, cursor: next(issues), more: issues.length === PAGE_SIZE };

// Turn the page only while one second holds more than a page; otherwise go on from the last change, because pages
// shift when an issue changes meanwhile.
function next(listed) {
  if (!listed.length) return { since: cursor.since, page: 1 };
  const last = listed[listed.length - 1].updated_at;
  if (last !== cursor.since) return { since: last, page: 1 };
  return { since: last, page: listed.length === PAGE_SIZE ? query.page + 1 : 1 };
}

function seconds(date) {
  return date.toISOString().replace(/\.\d+Z$/, "Z");
}
