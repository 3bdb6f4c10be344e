// message(message, channel): a message in the shape this connector shows.
const [{ channel, ts, thread_ts, user, bot_id, text, subtype }, known] = args;
return {
  channel: channel ?? known,
  ts,
  thread_ts: thread_ts ?? null,
  user: user ?? null,
  bot_id: bot_id ?? null,
  text: text ?? null,
  subtype: subtype ?? null,
};
