// https://docs.slack.dev/reference/methods/reactions.add
const { channel, ts, name } = input.data;
await service.fn.request("reactions.add", { body: { channel, timestamp: ts, name } });
return { channel, ts, name };
