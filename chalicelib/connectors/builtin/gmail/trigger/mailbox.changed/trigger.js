const pushed = await service.fn.pushed(notification);
return pushed?.emailAddress.toLowerCase() === variables.emailAddress.toLowerCase() ? pushed : null;
