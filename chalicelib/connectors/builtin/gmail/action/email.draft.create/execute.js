// https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.drafts/create
const { threadId, ...fields } = input.data;
const message = { raw: await service.fn.mime(fields), threadId };
const { data } = await service.fn.request("POST", ["drafts"], { body: { message } });
return { id: data.id, message: await service.fn.sent(data.message) };
