return await service.fn.call("PATCH", input.data);
