// Repeat the token by which Microsoft Graph makes sure of an address; take in change notifications.
// https://learn.microsoft.com/graph/change-notifications-delivery-webhooks
const token = notification.query.validationToken;
if (token) return { status: 200, headers: { "content-type": "text/plain" }, body: token };
if (Array.isArray(notification.body?.value)) return { status: 202 };
const body = { message: "This is no change notification of Microsoft Graph" };
return { status: 400, headers: { "content-type": "application/json" }, body };
