return await service.fn.deliver(notification, variables, {
  scope: "scope",
  member: "member:user",
  team: "team:team",
});
