// channels({types, cursor, limit}): a page of the conversations the app can see, in this connector's shape.
// https://docs.slack.dev/reference/methods/conversations.list
const [{ types = "public_channel,private_channel", cursor, limit = 200 } = {}] = args;
const query = { types, cursor, limit, exclude_archived: true };
const listed = await service.fn.request("conversations.list", { query });
const channels = await Promise.all((listed.channels ?? []).map((channel) => service.fn.channel(channel)));
return { channels, nextCursor: await service.fn.cursor(listed) };
