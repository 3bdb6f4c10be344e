// Refuse what GitHub did not sign: X-Hub-Signature-256 is the HMAC of the exact body under the webhook's secret.
// https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
const secret = service.vars?.webhookSecret;
if (!secret) {
  return refuse(403, "The webhook secret is not set: give the variable webhookSecret the secret of the webhook");
}
const given = notification.headers["x-hub-signature-256"] ?? "";
if (!given) return refuse(401, "X-Hub-Signature-256 is missing: set the webhook's secret");

const digest = $.crypto.createHmac("sha256", secret).update(notification.rawBody ?? "").digest("hex");
if (!isEqual(given, `sha256=${digest}`)) {
  return refuse(401, "X-Hub-Signature-256 does not fit the body and the webhook's secret");
}
if (!notification.headers["x-github-event"]) return refuse(400, "X-GitHub-Event is missing");
if (!(await service.fn.payload(notification))) return refuse(400, "The body is neither JSON nor a form with a payload");
return { status: 202, headers: { "content-type": "application/json" }, body: { message: "Accepted" } };

function refuse(status, message) {
  return { status, headers: { "content-type": "application/json" }, body: { message } };
}

// Of equal length first, as timingSafeEqual demands; the length of a digest is no secret.
function isEqual(one, other) {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && $.crypto.timingSafeEqual(left, right);
}
