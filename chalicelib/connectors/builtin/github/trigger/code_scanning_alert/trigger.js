return await service.fn.deliver(notification, variables, {
  alert: "alert:code_scanning_alert",
  ref: "ref",
  commit_oid: "commit_oid",
});
