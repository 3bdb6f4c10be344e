// Refuse what Jira did not sign: X-Hub-Signature is the HMAC of the exact body under the webhook's secret.
// https://developer.atlassian.com/cloud/jira/platform/webhooks/#secure-admin-webhooks
const secret = service.vars?.webhookSecret;
if (!secret) return refuse(403, "The variable webhookSecret is not set: give it the secret of the webhook");
const given = notification.headers["x-hub-signature"] ?? "";
const digest = $.crypto
  .createHmac("sha256", secret)
  .update(notification.rawBody ?? "")
  .digest("hex");
if (!isEqual(given, `sha256=${digest}`))
  return refuse(401, "X-Hub-Signature does not fit the body and the webhook's secret");
if (typeof notification.body?.webhookEvent !== "string") return refuse(400, "The body names no webhookEvent");
return { status: 200, body: { message: "Accepted" } };

function refuse(status, message) {
  return { status, headers: { "content-type": "application/json" }, body: { message } };
}

// Of equal length first, as timingSafeEqual demands; the length of a digest is no secret.
function isEqual(one, other) {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && $.crypto.timingSafeEqual(left, right);
}
