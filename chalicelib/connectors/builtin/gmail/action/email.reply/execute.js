// https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages/send
const { id, all, ...fields } = input.data;
const { threadId, cc, ...inherited } = await service.fn.reply(id, all);
const raw = await service.fn.mime({ ...inherited, ...fields, cc: [cc ?? [], fields.cc ?? []].flat() });
const { data } = await service.fn.request("POST", ["messages", "send"], { body: { raw, threadId } });
return await service.fn.sent(data);
