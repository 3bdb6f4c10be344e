// https://learn.microsoft.com/graph/api/message-reply, https://learn.microsoft.com/graph/api/message-replyall
const { id, all, ...data } = input.data;
const body = { message: await service.fn.resource(data) };
await service.fn.request("POST", ["messages", id, all ? "replyAll" : "reply"], { body });
return { id, status: "accepted" };
