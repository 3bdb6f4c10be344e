return await service.fn.deliver(notification, variables, {
  rule: "rule:branch_protection_rule",
  changes: "changes",
});
