return await service.fn.deliver(notification, variables, { label: "label:label", changes: "changes" });
