return await service.fn.register(webhook, variables, ["workflow_job"]);
