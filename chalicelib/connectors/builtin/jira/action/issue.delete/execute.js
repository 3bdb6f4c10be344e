// https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/#api-rest-api-3-issue-issueidorkey-delete
const { issue, deleteSubtasks = false } = input.data;
await service.fn.request("DELETE", ["issue", issue], { query: { deleteSubtasks } });
return { issue, isDeleted: true };
