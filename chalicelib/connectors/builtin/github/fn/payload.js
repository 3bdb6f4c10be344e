// payload(notification): GitHub's payload, sent as JSON or as the form field `payload`; null when it is neither.
const [notification] = args;
let payload = notification.body;
if (payload && typeof payload === "object" && typeof payload.payload === "string" && isForm(notification)) {
  payload = payload.payload;
}
if (typeof payload === "string") {
  try {
    payload = JSON.parse(payload);
  } catch {
    return null;
  }
}
return payload && typeof payload === "object" && !Array.isArray(payload) ? payload : null;

function isForm({ headers }) {
  return (headers["content-type"] ?? "").toLowerCase().startsWith("application/x-www-form-urlencoded");
}
