// https://docs.slack.dev/reference/methods/conversations.invite
const { channel, users } = input.data;
const invited = await service.fn.request("conversations.invite", { body: { channel, users: users.join(",") } });
return await service.fn.channel(invited.channel);
