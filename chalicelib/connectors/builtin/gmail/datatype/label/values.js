// https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.labels/list
const { data } = await service.fn.request("GET", ["labels"]);
const labels = (data.labels ?? []).map(({ id, name }) => ({ label: name ?? id, value: id }));
return { values: labels.sort((one, other) => (one.label < other.label ? -1 : 1)) };
