// https://learn.microsoft.com/graph/api/user-sendmail: Graph accepts the message and tells no id.
const { saveToSentItems = true, ...data } = input.data;
const body = { message: await service.fn.resource(data), saveToSentItems };
await service.fn.request("POST", ["sendMail"], { body });
return { status: "accepted" };
