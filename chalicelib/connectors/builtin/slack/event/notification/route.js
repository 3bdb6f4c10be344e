// The triggers of one of Slack's events: its own, where there is one, and `any`. Slack repeats an event under its id.
const triggers = {
  message: "message.posted",
  app_mention: "app.mentioned",
  reaction_added: "reaction.added",
  channel_created: "channel.created",
  member_joined_channel: "channel.joined",
  team_join: "user.joined",
};
const { type, event, event_id: id } = notification.body ?? {};
if (type !== "event_callback" || !event) return null;
const named = Object.hasOwn(triggers, event.type) ? [triggers[event.type], "any"] : ["any"];
return named.map((trigger) => ({ trigger, id }));
