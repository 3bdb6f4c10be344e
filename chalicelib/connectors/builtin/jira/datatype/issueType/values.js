// https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-projects/#api-rest-api-3-project-projectidorkey-get
const { project } = input.data;
if (!project) return { values: [] };
const { data } = await service.fn.request("GET", ["project", project], { query: { expand: "issueTypes" } });
return { values: (data.issueTypes ?? []).map(({ id, name }) => ({ label: name, value: id })) };
