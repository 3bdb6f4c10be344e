return await service.fn.deliver(notification, variables, { release: "release:release", changes: "changes" });
