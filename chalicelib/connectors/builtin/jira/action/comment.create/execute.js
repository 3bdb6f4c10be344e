// https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-comments/#api-rest-api-3-issue-issueidorkey-comment-post
const { issue, text } = input.data;
const body = { body: await service.fn.document(text) };
const { data } = await service.fn.request("POST", ["issue", issue, "comment"], { body });
return await service.fn.comment(data);
