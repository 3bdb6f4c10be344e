// https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages/send
const { threadId, ...fields } = input.data;
const raw = await service.fn.mime(fields);
const { data } = await service.fn.request("POST", ["messages", "send"], { body: { raw, threadId } });
return await service.fn.sent(data);
