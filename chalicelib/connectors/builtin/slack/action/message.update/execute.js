// https://docs.slack.dev/reference/methods/chat.update
const { channel, ts, text, blocks } = input.data;
const changed = await service.fn.request("chat.update", { body: { channel, ts, text, blocks } });
return await service.fn.message({ ...changed.message, channel: changed.channel, ts: changed.ts, text: changed.text });
