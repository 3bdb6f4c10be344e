// https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/#api-rest-api-3-issue-issueidorkey-transitions-post
const { issue, transition, comment, resolution } = input.data;
const id = /^\d+$/.test(transition) ? transition : await service.fn.transition(issue, transition);
const body = {
  transition: { id },
  fields: resolution ? { resolution: { name: resolution } } : undefined,
  update: comment ? { comment: [{ add: { body: await service.fn.document(comment) } }] } : undefined,
};
await service.fn.request("POST", ["issue", issue, "transitions"], { body });
return await service.fn.read(issue);
