// https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages/trash
const { data } = await service.fn.request("POST", ["messages", input.data.id, "trash"]);
return await service.fn.message(data);
