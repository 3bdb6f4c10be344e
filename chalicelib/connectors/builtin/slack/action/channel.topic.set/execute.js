// https://docs.slack.dev/reference/methods/conversations.setTopic
const { channel, topic } = input.data;
await service.fn.request("conversations.setTopic", { body: { channel, topic } });
return { channel, topic };
