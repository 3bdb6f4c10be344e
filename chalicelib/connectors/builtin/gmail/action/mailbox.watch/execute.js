// https://developers.google.com/workspace/gmail/api/reference/rest/v1/users/watch
const { topic: topicName, labels } = input.data;
const chosen = labels?.length ? { labelIds: labels, labelFilterBehavior: "include" } : {};
const { data } = await service.fn.request("POST", ["watch"], { body: { topicName, ...chosen } });
return {
  historyId: data.historyId === undefined ? null : Number(data.historyId),
  expiresAt: data.expiration === undefined ? null : new Date(Number(data.expiration)).toISOString(),
};
