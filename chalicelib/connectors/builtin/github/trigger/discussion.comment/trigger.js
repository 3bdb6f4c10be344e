return await service.fn.deliver(notification, variables, {
  comment: "comment:discussion_comment",
  discussion: "discussion:discussion",
  changes: "changes",
});
