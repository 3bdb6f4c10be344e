return await service.fn.call("GET", input.data);
