// https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-user-search/#api-rest-api-3-user-search-get
const { query, maxResults = 50 } = input.data;
const { data } = await service.fn.request("GET", ["user", "search"], { query: { query, maxResults } });
return { users: await Promise.all(data.map((user) => service.fn.user(user))) };
