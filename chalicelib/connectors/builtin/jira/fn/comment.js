// comment(comment): a comment in the shape this connector shows.
const [{ id, body, author, created, updated }] = args;
return {
  id: String(id),
  text: await service.fn.plain(body),
  author: await service.fn.user(author),
  created: created ?? null,
  updated: updated ?? null,
};
