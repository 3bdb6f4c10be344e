// reply(id, all): what a reply to a message inherits: {to, cc, subject, inReplyTo, references, threadId}.
const [id, all] = args;
const original = await service.fn.read(id, { format: "metadata" });
if (!original) {
  const error = new Error(`there is no message ${id}`);
  error.status = 404;
  throw error;
}
const { from, to, cc, reply_to, subject, message_id, references } = original.message_info;
const inherited = {
  to: reply_to ?? from ?? "",
  subject: /^re:/i.test(subject ?? "") ? subject : `Re: ${subject ?? ""}`.trim(),
  inReplyTo: message_id ?? undefined,
  references: [references, message_id].filter(Boolean).join(" ").replace(/\s+/g, " ") || undefined,
  threadId: original.threadId,
};
if (!all) return inherited;
const { data: profile } = await service.fn.request("GET", ["profile"]);
const told = [profile.emailAddress.toLowerCase(), addressOf(inherited.to)];
const others = [to, cc]
  .filter(Boolean)
  .flatMap(split)
  .filter((one) => !told.includes(addressOf(one)));
return { ...inherited, cc: others };

function addressOf(text) {
  return (/<([^<>]+)>/.exec(text)?.[1] ?? text).trim().toLowerCase();
}

// A comma inside quotes belongs to a name.
function split(list) {
  return (list.match(/(?:"[^"]*"|[^,"])+/g) ?? []).map((one) => one.trim()).filter(Boolean);
}
