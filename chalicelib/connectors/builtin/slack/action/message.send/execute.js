// https://docs.slack.dev/reference/methods/chat.postMessage
const { channel, text, blocks, thread_ts, reply_broadcast, unfurl_links } = input.data;
const body = { channel, text, blocks, thread_ts, reply_broadcast, unfurl_links };
const posted = await service.fn.request("chat.postMessage", { body });
return await service.fn.message({ ...posted.message, channel: posted.channel, ts: posted.ts });
