const { method, ...data } = input.data;
return await service.fn.call(method, data);
