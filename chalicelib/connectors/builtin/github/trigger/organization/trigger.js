return await service.fn.deliver(notification, variables, {
  membership: "membership:membership",
  invitation: "invitation:invitation",
  user: "user:user",
  changes: "changes",
});
