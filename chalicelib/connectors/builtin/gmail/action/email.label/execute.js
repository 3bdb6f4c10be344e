// https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages/modify
const { id, add = [], remove = [] } = input.data;
const body = { addLabelIds: add, removeLabelIds: remove };
const { data } = await service.fn.request("POST", ["messages", id, "modify"], { body });
return await service.fn.message(data);
