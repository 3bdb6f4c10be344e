// https://learn.microsoft.com/graph/api/message-update
const { id, isRead, categories, importance, flag } = input.data;
const body = { isRead, categories, importance, flag: flag ? { flagStatus: flag } : undefined };
const { data } = await service.fn.request("PATCH", ["messages", id], { body });
return await service.fn.message(data);
