return await service.fn.deliver(notification, variables, { team: "team:team", changes: "changes" });
