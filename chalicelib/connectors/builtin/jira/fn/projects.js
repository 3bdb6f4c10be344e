// projects(text, startAt): a page of the projects the user sees: [{id, key, name}].
// https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-projects/#api-rest-api-3-project-search-get
const [text, startAt = 0] = args;
const query = { query: text, startAt, maxResults: 50, orderBy: "name" };
const { data } = await service.fn.request("GET", ["project", "search"], { query });
const projects = (data.values ?? []).map(({ id, key, name }) => ({
  id: String(id),
  key: key ?? null,
  name: name ?? null,
}));
return { projects, isLast: data.isLast ?? true };
