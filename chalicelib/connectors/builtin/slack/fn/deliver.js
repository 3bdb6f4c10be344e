// deliver(notification, variables, type): what a trigger delivers: {event, team, event_id, at, channel, user, ...}, or
// null when the subscriber did not ask for it. A subscriber with a token hears of that token's workspace only.
const [{ body }, { channel, user } = {}, type] = args;
const event = body?.event;
if (body?.type !== "event_callback" || !event || (type && event.type !== type)) return null;
const team = body.team_id ?? event.team ?? null;
const own = service.token?.team?.id ?? service.token?.oauth?.team?.id;
if (own && team && own !== team) return null;
const where = idOf(event.channel) ?? event.item?.channel ?? null;
const who = idOf(event.user);
if (channel && channel !== where) return null;
if (user && user !== who) return null;
return {
  event: event.type,
  team,
  event_id: body.event_id ?? null,
  at: body.event_time ? new Date(body.event_time * 1000).toISOString() : null,
  channel: where,
  user: who,
};

// Slack names a thing by its id, or shows it whole.
function idOf(thing) {
  return (typeof thing === "object" ? thing?.id : thing) ?? null;
}
