return { folders: await service.fn.folders(input.data.parent) };
