// user(user): a member in the shape this connector shows.
const [{ id, name, real_name, profile = {}, is_bot, deleted, tz }] = args;
return {
  id,
  name: name ?? null,
  real_name: real_name ?? profile.real_name ?? null,
  display_name: profile.display_name || null,
  email: profile.email ?? null,
  is_bot: is_bot === true,
  deleted: deleted === true,
  tz: tz ?? null,
};
