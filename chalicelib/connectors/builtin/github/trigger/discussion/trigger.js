return await service.fn.deliver(notification, variables, {
  discussion: "discussion:discussion",
  label: "label:label",
  answer: "answer:discussion_comment",
  changes: "changes",
});
