// message(message, maxText): a Gmail message in the shape this connector shows. Texts and attachments are there when
// the message was read with its payload; texts are cut at maxText characters.
// https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages#Message
const [message, maxText = 200000] = args;
const named = {};
for (const { name, value } of message.payload?.headers ?? []) named[name.toLowerCase()] ??= value;
const parts = leaves(message.payload);
return {
  id: message.id,
  threadId: message.threadId ?? null,
  labelIds: message.labelIds ?? [],
  snippet: message.snippet ?? null,
  historyId: number(message.historyId),
  internalDate: number(message.internalDate),
  sizeEstimate: message.sizeEstimate ?? null,
  message_info: {
    from: named.from ?? null,
    to: named.to ?? null,
    cc: named.cc ?? null,
    bcc: named.bcc ?? null,
    reply_to: named["reply-to"] ?? null,
    subject: named.subject ?? null,
    date: named.date ?? null,
    message_id: named["message-id"] ?? null,
    references: named.references ?? null,
    text: textOf("text/plain"),
    html: textOf("text/html"),
    attachments: parts
      .filter(({ filename }) => filename)
      .map((part) => ({
        id: part.body?.attachmentId ?? null,
        filename: part.filename,
        mime_type: part.mimeType ?? null,
        size: part.body?.size ?? null,
      })),
  },
};

function leaves(part) {
  if (!part) return [];
  return part.parts?.length ? part.parts.flatMap(leaves) : [part];
}

function textOf(type) {
  const part = parts.find(({ mimeType, filename, body }) => mimeType === type && !filename && body?.data);
  if (!part) return null;
  const kind = part.headers?.find(({ name }) => name.toLowerCase() === "content-type")?.value ?? "";
  const isLatin = /charset="?(iso-8859-1|windows-1252)/i.test(kind);
  return Buffer.from(part.body.data, "base64url")
    .toString(isLatin ? "latin1" : "utf8")
    .slice(0, maxText);
}

function number(text) {
  return text === undefined || text === null ? null : Number(text);
}
