// https://docs.slack.dev/reference/methods/conversations.history, https://docs.slack.dev/reference/methods/conversations.replies
const { channel, thread_ts: ts, oldest, latest, limit = 50, cursor } = input.data;
const query = { channel, ts, oldest, latest, limit, cursor };
const listed = await service.fn.request(ts ? "conversations.replies" : "conversations.history", { query });
const messages = await Promise.all((listed.messages ?? []).map((message) => service.fn.message(message, channel)));
return { messages, nextCursor: await service.fn.cursor(listed) };
