// https://learn.microsoft.com/graph/api/message-get
return await service.fn.read(input.data.id);
