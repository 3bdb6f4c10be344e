const { cursor, limit } = input.data;
return await service.fn.users({ cursor, limit });
