// Have Google watch the mailbox, where the subscriber names a topic. Asking again prolongs the watch.
// https://developers.google.com/workspace/gmail/api/reference/rest/v1/users/watch
if (!variables.topic) return null;
const { data } = await service.fn.request("POST", ["watch"], { body: { topicName: variables.topic } });
return { historyId: Number(data.historyId), expiresAt: data.expiration };
