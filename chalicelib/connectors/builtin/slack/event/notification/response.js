// Refuse what Slack did not sign, and what is older than five minutes; answer the challenge of a new address.
// https://docs.slack.dev/authentication/verifying-requests-from-slack
const TOLERANCE_S = 300;
const secret = service.vars?.signingSecret;
if (!secret) return refuse(403, "The variable signingSecret is not set: give it the signing secret of the Slack app");
const { "x-slack-request-timestamp": at = "", "x-slack-signature": given = "" } = notification.headers;
if (!/^\d{1,12}$/.test(at)) return refuse(401, "X-Slack-Request-Timestamp is missing");
if (Math.abs(Date.now() / 1000 - Number(at)) > TOLERANCE_S) return refuse(401, "X-Slack-Request-Timestamp is too old");
const digest = $.crypto
  .createHmac("sha256", secret)
  .update(`v0:${at}:${notification.rawBody ?? ""}`)
  .digest("hex");
if (!isEqual(given, `v0=${digest}`))
  return refuse(401, "X-Slack-Signature does not fit the body and the signing secret");

const { type, challenge } = notification.body ?? {};
if (type === "url_verification")
  return { status: 200, headers: { "content-type": "text/plain" }, body: String(challenge) };
return { status: 200, body: { ok: true } };

function refuse(status, message) {
  return { status, headers: { "content-type": "application/json" }, body: { ok: false, message } };
}

// Of equal length first, as timingSafeEqual demands; the length of a digest is no secret.
function isEqual(one, other) {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && $.crypto.timingSafeEqual(left, right);
}
