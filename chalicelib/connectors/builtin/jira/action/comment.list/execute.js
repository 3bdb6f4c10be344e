// https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-comments/#api-rest-api-3-issue-issueidorkey-comment-get
const { issue, startAt = 0, maxResults = 50 } = input.data;
const query = { startAt, maxResults, orderBy: "created" };
const { data } = await service.fn.request("GET", ["issue", issue, "comment"], { query });
const comments = await Promise.all((data.comments ?? []).map((comment) => service.fn.comment(comment)));
return { comments, total: data.total ?? null };
