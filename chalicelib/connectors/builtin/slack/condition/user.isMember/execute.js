// https://docs.slack.dev/reference/methods/conversations.members
const { channel, user } = input.data;
let cursor;
do {
  const page = await service.fn.request("conversations.members", { query: { channel, cursor, limit: 1000 } });
  if ((page.members ?? []).includes(user)) return true;
  cursor = await service.fn.cursor(page);
} while (cursor);
return false;
