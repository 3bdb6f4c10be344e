// True when the message fits everything that was given; a message that is gone fits nothing.
const { id, from, subject, category, isRead, hasAttachments } = input.data;
let email;
try {
  email = await service.fn.read(id);
} catch (error) {
  if (error.status === 404) return false;
  throw error;
}
const sender = `${email.from?.name ?? ""} <${email.from?.address ?? ""}>`;
return (
  holds(sender, from) &&
  holds(email.subject, subject) &&
  (!category || email.categories.includes(category)) &&
  (isRead === undefined || isRead === email.isRead) &&
  (hasAttachments === undefined || hasAttachments === email.hasAttachments)
);

function holds(text, wanted) {
  return !wanted || (text ?? "").toLowerCase().includes(wanted.toLowerCase());
}
