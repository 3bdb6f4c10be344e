return await service.fn.deliver(notification, variables, {
  pull_request: "pull_request:pull_request",
  label: "label:label",
  assignee: "assignee:user",
  requested_reviewer: "requested_reviewer:user",
  requested_team: "requested_team:team",
  changes: "changes",
});
