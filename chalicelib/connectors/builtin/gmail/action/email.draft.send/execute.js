// https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.drafts/send
const { data } = await service.fn.request("POST", ["drafts", "send"], { body: { id: input.data.id } });
return await service.fn.sent(data);
