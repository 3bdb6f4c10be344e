// https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages.attachments/get
const { messageId, attachmentId } = input.data;
const { data } = await service.fn.request("GET", ["messages", messageId, "attachments", attachmentId]);
const content = Buffer.from(data.data ?? "", "base64url");
return { size: content.length, content: content.toString("base64") };
