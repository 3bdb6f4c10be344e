return await service.fn.deliver(notification, variables, "member_joined_channel");
