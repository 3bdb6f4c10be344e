// request(name, {query, body}): call a method of the Slack Web API; returns its answer.
// With a body it is a POST of JSON, else a GET. Throws an Error with Slack's message and `status` for every refusal:
// Slack answers 200 even to those, and says so in `ok`. https://docs.slack.dev/apis/web-api
const [name, { query, body } = {}] = args;
const base = (service.url || "https://slack.com/api").replace(/\/+$/, "");
const token = service.token?.access_token ?? service.token?.key;
const authorization = token ? { authorization: `Bearer ${token}` } : {};
const type = body ? { "content-type": "application/json; charset=utf-8" } : {};
const response = await $.axios({
  method: body ? "POST" : "GET",
  url: `${base}/${name}`,
  params: search(query),
  headers: { accept: "application/json", ...type, ...authorization },
  data: body === undefined ? undefined : known(body),
  validateStatus: null,
});
if (response.status === 200 && response.data?.ok === true) return response.data;
throw refusal(response);

// Values nobody gave are not sent; null is sent in a body, because it clears a field.
function known(values) {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

// A list is repeated under its name.
function search(values) {
  const pairs = new URLSearchParams();
  for (const [name, value] of Object.entries(values ?? {})) {
    for (const one of [value].flat()) if (one !== undefined && one !== null) pairs.append(name, String(one));
  }
  return pairs;
}

function refusal({ status, headers: answered = {}, data }) {
  const said = typeof data === "string" ? data.slice(0, 300) : reason(data);
  const error = new Error(`Slack answered ${status === 200 ? "" : `${status}: `}${said || "no message"}`);
  error.status = status === 200 ? meaning(data?.error) : status;
  if (answered["retry-after"]) error.retryAfter = Number(answered["retry-after"]);
  return error;
}

function reason({ error, needed, response_metadata: more } = {}) {
  return [error, needed && `needs the scope ${needed}`, ...(more?.messages ?? [])].filter(Boolean).join("; ");
}

// The status other services would have answered with.
function meaning(code) {
  if (["invalid_auth", "not_authed", "token_expired", "token_revoked", "account_inactive"].includes(code)) return 401;
  if (["missing_scope", "not_in_channel", "restricted_action", "no_permission"].includes(code)) return 403;
  if (code === "ratelimited") return 429;
  return /_not_found$/.test(code ?? "") ? 404 : 400;
}
