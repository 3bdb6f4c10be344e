// read(issue): one issue by id or key, in this connector's shape.
const [issue] = args;
const { data } = await service.fn.request("GET", ["issue", issue], { query: { fields: await service.fn.shown() } });
return await service.fn.issue(data);
