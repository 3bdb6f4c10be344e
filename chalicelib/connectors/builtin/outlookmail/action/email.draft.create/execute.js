// https://learn.microsoft.com/graph/api/user-post-messages
const { data } = await service.fn.request("POST", ["messages"], { body: await service.fn.resource(input.data) });
return await service.fn.message(data);
