return await service.fn.call("DELETE", input.data);
