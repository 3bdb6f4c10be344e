const { projects } = await service.fn.projects(input.data.query);
return { values: projects.map(({ id, key, name }) => ({ label: `${name} (${key})`, value: id })) };
