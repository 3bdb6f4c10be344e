// https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/#api-rest-api-3-issue-issueidorkey-put
const { issue, notifyUsers, ...data } = input.data;
const body = { fields: await service.fn.fields(data) };
await service.fn.request("PUT", ["issue", issue], { query: { notifyUsers }, body });
return await service.fn.read(issue);
