// True when the message is there and fits everything that was given.
const { id, from, to, subject, label, hasAttachment } = input.data;
const email = await service.fn.read(id, { maxText: 0 });
if (!email) return false;
const info = email.message_info;
return (
  holds(info.from, from) &&
  holds(`${info.to} ${info.cc}`, to) &&
  holds(info.subject, subject) &&
  (!label || email.labelIds.includes(label)) &&
  (hasAttachment === undefined || hasAttachment === info.attachments.length > 0)
);

function holds(text, wanted) {
  return !wanted || (text ?? "").toLowerCase().includes(wanted.toLowerCase());
}
