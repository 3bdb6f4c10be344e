const { types, cursor, limit } = input.data;
return await service.fn.channels({ types: types?.length ? types.join(",") : undefined, cursor, limit });
