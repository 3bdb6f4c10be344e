return await service.fn.call("PUT", input.data);
