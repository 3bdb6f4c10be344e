return await service.fn.unregister(stored);
