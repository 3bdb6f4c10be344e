// read(id): one message of the mailbox, with its body, in this connector's shape.
const [id] = args;
const { data } = await service.fn.request("GET", ["messages", id], {
  query: { $select: await service.fn.shown(true) },
});
return await service.fn.message(data);
