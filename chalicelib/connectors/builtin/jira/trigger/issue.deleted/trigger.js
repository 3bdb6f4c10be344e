return await service.fn.deliver(notification, variables, ["jira:issue_deleted"]);
