return await service.fn.deliver(notification, variables, {
  milestone: "milestone:milestone",
  changes: "changes",
});
