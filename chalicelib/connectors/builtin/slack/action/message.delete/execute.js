// https://docs.slack.dev/reference/methods/chat.delete
const { channel, ts } = input.data;
const deleted = await service.fn.request("chat.delete", { body: { channel, ts } });
return { channel: deleted.channel, ts: deleted.ts };
