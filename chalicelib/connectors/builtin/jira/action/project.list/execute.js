const { query, startAt } = input.data;
return await service.fn.projects(query, startAt);
