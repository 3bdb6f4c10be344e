// https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-links/#api-rest-api-3-issuelink-post
const { type, from, to } = input.data;
const body = { type: { name: type }, inwardIssue: { key: from }, outwardIssue: { key: to } };
await service.fn.request("POST", ["issueLink"], { body });
return { type, from, to };
