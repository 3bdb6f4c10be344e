// records(messages, name, variables): the records of a poll: each message once, as the subscriber wants it.
const [messages, name, { from, subject }] = args;
const once = [...new Map(messages.map((message) => [message.id, message])).values()];
const shown = await Promise.all(once.map((message) => service.fn.message(message)));
return shown.filter(isWanted).map((email) => ({ id: `${name}:${email.id}`, email }));

function isWanted(email) {
  const sender = `${email.from?.name ?? ""} <${email.from?.address ?? ""}>`;
  return holds(sender, from) && holds(email.subject, subject);
}

function holds(text, wanted) {
  return !wanted || (text ?? "").toLowerCase().includes(wanted.toLowerCase());
}
