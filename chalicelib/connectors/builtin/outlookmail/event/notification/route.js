return Array.isArray(notification.body?.value) && notification.body.value.length ? "mailbox.changed" : null;
