// shown(withBody): the fields that a message is shown with, as $select wants them.
const [withBody = false] = args;
const fields = [
  "id",
  "conversationId",
  "internetMessageId",
  "subject",
  "bodyPreview",
  "from",
  "toRecipients",
  "ccRecipients",
];
const more = ["receivedDateTime", "sentDateTime", "isRead", "isDraft", "hasAttachments", "importance", "categories"];
return [...fields, ...more, "parentFolderId", "webLink", ...(withBody ? ["body"] : [])].join(",");
