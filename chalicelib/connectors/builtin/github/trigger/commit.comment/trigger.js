return await service.fn.deliver(notification, variables, { comment: "comment:commit_comment" });
