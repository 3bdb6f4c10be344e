// https://docs.slack.dev/reference/methods/conversations.open
const { user, text, blocks } = input.data;
const opened = await service.fn.request("conversations.open", { body: { users: user } });
const body = { channel: opened.channel.id, text, blocks };
const posted = await service.fn.request("chat.postMessage", { body });
return await service.fn.message({ ...posted.message, channel: posted.channel, ts: posted.ts });
