// https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-priorities/#api-rest-api-3-priority-search-get
const { data } = await service.fn.request("GET", ["priority", "search"], { query: { maxResults: 50 } });
return { values: (data.values ?? []).map(({ id, name }) => ({ label: name, value: id })) };
