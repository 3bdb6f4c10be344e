// https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-user-search/#api-rest-api-3-user-assignable-search-get
const { project, issue, query: text } = input.data;
if (!project && !issue) return { values: [] };
const query = { ...(issue ? { issueKey: issue } : { project }), query: text, maxResults: 100 };
const { data } = await service.fn.request("GET", ["user", "assignable", "search"], { query });
return { values: data.map(({ accountId, displayName }) => ({ label: displayName ?? accountId, value: accountId })) };
