await service.fn.close(stored);
