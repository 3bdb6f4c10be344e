// https://learn.microsoft.com/graph/api/message-move
const { id, folder: destinationId } = input.data;
const { data } = await service.fn.request("POST", ["messages", id, "move"], { body: { destinationId } });
return await service.fn.message(data);
