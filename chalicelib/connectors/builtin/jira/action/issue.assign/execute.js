// https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/#api-rest-api-3-issue-issueidorkey-assignee-put
const { issue, assignee } = input.data;
await service.fn.request("PUT", ["issue", issue, "assignee"], { body: { accountId: assignee } });
return { issue, assignee };
