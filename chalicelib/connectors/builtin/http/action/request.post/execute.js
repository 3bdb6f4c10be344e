return await service.fn.call("POST", input.data);
