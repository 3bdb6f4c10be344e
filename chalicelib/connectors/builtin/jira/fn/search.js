// search(jql, maxResults, nextPageToken): a page of the issues that fit, as Jira has them.
// Returns {issues, nextPageToken, headers}.
// https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-search/
const [jql, maxResults, nextPageToken] = args;
const query = { jql, maxResults, nextPageToken, fields: await service.fn.shown() };
const { data, headers } = await service.fn.request("GET", ["search", "jql"], { query });
return { issues: data.issues ?? [], nextPageToken: data.nextPageToken ?? null, headers };
