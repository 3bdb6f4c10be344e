// Refuse what does not bear the token that the push subscription's address ends with: ?token=...
// https://cloud.google.com/pubsub/docs/push
const secret = service.vars?.notificationToken;
if (!secret) return refuse(403, "The variable notificationToken is not set");
if (!(await service.fn.isSame(notification.query.token, secret))) return refuse(401, "The token is missing or wrong");
if (!(await service.fn.pushed(notification))) return refuse(400, "This is no push of a Gmail mailbox");
return { status: 200, body: { message: "Accepted" } };

function refuse(status, message) {
  return { status, headers: { "content-type": "application/json" }, body: { message } };
}
