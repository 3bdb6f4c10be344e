// message(message): a message in the shape this connector shows; its body only where it was asked for.
// https://learn.microsoft.com/graph/api/resources/message
const [message] = args;
return {
  id: message.id,
  conversationId: message.conversationId ?? null,
  internetMessageId: message.internetMessageId ?? null,
  subject: message.subject ?? null,
  bodyPreview: message.bodyPreview ?? null,
  body: message.body ? { contentType: message.body.contentType ?? null, content: message.body.content ?? null } : null,
  from: address(message.from),
  to: (message.toRecipients ?? []).map(address),
  cc: (message.ccRecipients ?? []).map(address),
  receivedDateTime: message.receivedDateTime ?? null,
  sentDateTime: message.sentDateTime ?? null,
  isRead: message.isRead === true,
  isDraft: message.isDraft === true,
  hasAttachments: message.hasAttachments === true,
  importance: message.importance ?? null,
  categories: message.categories ?? [],
  folderId: message.parentFolderId ?? null,
  webLink: message.webLink ?? null,
};

function address(given) {
  const found = given?.emailAddress;
  return found ? { name: found.name ?? null, address: found.address ?? null } : null;
}
