// transitions(issue): where an issue can go from its status, as Jira has them: [{id, name, to: {name}}].
const [issue] = args;
const { data } = await service.fn.request("GET", ["issue", issue, "transitions"]);
return data.transitions ?? [];
