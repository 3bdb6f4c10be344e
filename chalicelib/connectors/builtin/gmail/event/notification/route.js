const pushed = await service.fn.pushed(notification);
return pushed && { trigger: "mailbox.changed", id: pushed.messageId };
