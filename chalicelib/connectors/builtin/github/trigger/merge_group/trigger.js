return await service.fn.deliver(notification, variables, { merge_group: "merge_group:merge_group" });
