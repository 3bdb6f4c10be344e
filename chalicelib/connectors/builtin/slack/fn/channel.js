// channel(channel): a conversation in the shape this connector shows.
const [{ id, name, is_private, is_archived, is_member, topic, purpose, num_members }] = args;
return {
  id,
  name: name ?? null,
  is_private: is_private === true,
  is_archived: is_archived === true,
  is_member: is_member === true,
  topic: topic?.value ?? null,
  purpose: purpose?.value ?? null,
  num_members: num_members ?? null,
};
