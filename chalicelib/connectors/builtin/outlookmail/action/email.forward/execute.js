// https://learn.microsoft.com/graph/api/message-forward
const { id, to, comment = "" } = input.data;
const { toRecipients } = await service.fn.resource({ to });
await service.fn.request("POST", ["messages", id, "forward"], { body: { toRecipients, comment } });
return { id, status: "accepted" };
