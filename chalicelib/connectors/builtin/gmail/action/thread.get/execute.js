// https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.threads/get
const query = { format: "full" };
const { data } = await service.fn.request("GET", ["threads", input.data.id], { query });
const emails = await Promise.all((data.messages ?? []).map((message) => service.fn.message(message, 10000)));
return { id: data.id, historyId: data.historyId === undefined ? null : Number(data.historyId), emails };
