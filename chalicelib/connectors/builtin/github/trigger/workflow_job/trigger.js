return await service.fn.deliver(notification, variables, { workflow_job: "workflow_job:workflow_job" });
