// pushed(notification): what Cloud Pub/Sub says of a mailbox, {emailAddress, historyId, messageId, publishTime}; or
// null when it says something else.
// https://developers.google.com/workspace/gmail/api/guides/push
const [{ body }] = args;
try {
  const { emailAddress, historyId } = JSON.parse(Buffer.from(body.message.data, "base64").toString("utf8"));
  const { messageId, message_id, publishTime, publish_time } = body.message;
  if (typeof emailAddress !== "string") return null;
  return {
    emailAddress,
    historyId: Number(historyId),
    messageId: messageId ?? message_id ?? null,
    publishTime: publishTime ?? publish_time ?? null,
  };
} catch {
  return null;
}
