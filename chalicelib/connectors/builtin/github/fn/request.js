// request(method, path, {query, body}): one call of GitHub's REST API; returns {status, headers, data}.
// Throws an Error with GitHub's message and `status` for every answer that is not a success.
const [method, path, { query, body } = {}] = args;
const base = (service.url || "https://api.github.com").replace(/\/+$/, "");
const headers = {
  accept: "application/vnd.github+json, application/json;q=0.9",
  "x-github-api-version": "2022-11-28",
  "user-agent": "millrace-github-connector/1.0",
};
if (service.token?.key) headers.authorization = `Bearer ${service.token.key}`;
if (body !== undefined) headers["content-type"] = "application/json";

let response;
try {
  response = await $.axios({ method, url: base + path, params: known(query), headers, data: known(body) });
} catch (error) {
  if (!error.response) throw error;
  response = error.response;
}
if (response.status >= 200 && response.status < 300) return response;
throw refusal(response);

// Values nobody gave are not sent; null is sent, because it clears a field.
function known(values) {
  if (values === undefined || values === null) return undefined;
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

function refusal({ status, headers: answered = {}, data }) {
  const said = typeof data === "string" ? data.slice(0, 300) : (data?.message ?? data?.detail ?? data?.title);
  const faults = [data?.errors ?? data?.validation ?? []].flat().map(faultText).filter(Boolean);
  const details = faults.length ? ` (${faults.slice(0, 5).join("; ")})` : "";
  const error = new Error(`GitHub answered ${status}: ${said || "no message"}${details}`);
  error.status = status;
  if (answered["retry-after"]) error.retryAfter = Number(answered["retry-after"]);
  else if ((status === 403 || status === 429) && answered["x-ratelimit-remaining"] === "0") {
    error.retryAfter = Math.max(1, Number(answered["x-ratelimit-reset"]) - Math.floor(Date.now() / 1000));
  }
  return error;
}

function faultText(fault) {
  if (typeof fault !== "object" || fault === null) return String(fault ?? "");
  const where = [fault.resource, fault.field, fault.location].flat().filter(Boolean).join(".");
  return [where, fault.message ?? fault.code].filter(Boolean).join(": ");
}
