return await service.fn.deliver(notification, variables, { alert: "alert:dependabot_alert" });
