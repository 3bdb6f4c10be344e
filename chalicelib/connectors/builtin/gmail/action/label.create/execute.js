// https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.labels/create
const { name, isHidden } = input.data;
const body = { name, labelListVisibility: isHidden ? "labelHide" : "labelShow", messageListVisibility: "show" };
const { data } = await service.fn.request("POST", ["labels"], { body });
const { id, type = null, messageListVisibility = null, labelListVisibility = null } = data;
return { id, name: data.name ?? null, type, messageListVisibility, labelListVisibility };
