// https://docs.slack.dev/reference/methods/conversations.create
const { name, is_private } = input.data;
const { channel } = await service.fn.request("conversations.create", { body: { name, is_private } });
return await service.fn.channel(channel);
