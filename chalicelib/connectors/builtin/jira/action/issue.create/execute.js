// https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/#api-rest-api-3-issue-post
const { data } = await service.fn.request("POST", ["issue"], { body: { fields: await service.fn.fields(input.data) } });
return { id: data.id, key: data.key, self: data.self ?? null };
