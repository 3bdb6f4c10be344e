// https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages/get
const { data } = await service.fn.request("GET", ["messages", input.data.id], { query: { format: "full" } });
return await service.fn.message(data);
