// records(changes, name, variables): the records of a poll: each message once, read, and as the subscriber wants it.
const MAX_READ = 40; // of the calls a run may make
const [changes, name, { from, subject, includeText }] = args;
const once = [...new Map(changes.map((change) => [change.id, change])).values()];
const options = includeText ? { format: "full", maxText: 20000 } : { format: "metadata" };
const read = await Promise.all(
  once.map(async (change, position) => {
    if (position < MAX_READ) return await service.fn.read(change.id, options);
    return await service.fn.message(change);
  }),
);
return read
  .filter(Boolean)
  .filter(isWanted)
  .map((email) => ({ id: `${name}:${email.id}`, email }));

function isWanted({ message_info: info }) {
  return holds(info.from, from) && holds(info.subject, subject);
}

function holds(text, wanted) {
  return !wanted || (text ?? "").toLowerCase().includes(wanted.toLowerCase());
}
