// https://docs.slack.dev/reference/methods/chat.scheduleMessage
const { channel, text, at, thread_ts } = input.data;
const post_at = Math.floor(Date.parse(at) / 1000);
const planned = await service.fn.request("chat.scheduleMessage", { body: { channel, text, post_at, thread_ts } });
const { channel: where, scheduled_message_id, post_at: when } = planned;
return { channel: where, scheduled_message_id, at: new Date(Number(when) * 1000).toISOString() };
