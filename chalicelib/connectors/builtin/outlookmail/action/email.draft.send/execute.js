// https://learn.microsoft.com/graph/api/message-send
const { id } = input.data;
await service.fn.request("POST", ["messages", id, "send"]);
return { id, status: "accepted" };
