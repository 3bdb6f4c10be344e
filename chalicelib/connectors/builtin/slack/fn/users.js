// users({cursor, limit}): a page of the workspace's members, in this connector's shape.
// https://docs.slack.dev/reference/methods/users.list
const [{ cursor, limit = 200 } = {}] = args;
const listed = await service.fn.request("users.list", { query: { cursor, limit } });
const users = await Promise.all((listed.members ?? []).map((user) => service.fn.user(user)));
return { users, nextCursor: await service.fn.cursor(listed) };
