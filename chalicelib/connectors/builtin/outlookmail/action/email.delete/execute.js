// https://learn.microsoft.com/graph/api/message-delete: it can be recovered from the dumpster of its mailbox for a while.
const { id } = input.data;
await service.fn.request("DELETE", ["messages", id]);
return { id, isDeleted: true };
