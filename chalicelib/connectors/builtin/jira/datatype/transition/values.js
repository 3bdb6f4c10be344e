const { issue } = input.data;
if (!issue) return { values: [] };
const offered = await service.fn.transitions(issue);
return { values: offered.map(({ id, name, to }) => ({ label: to?.name ? `${name} → ${to.name}` : name, value: id })) };
