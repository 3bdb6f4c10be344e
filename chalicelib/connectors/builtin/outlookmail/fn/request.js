// request(method, path, {query, body, headers}): one call of the Microsoft Graph API; returns {status, headers, data}.
// path is a list of parts, encoded here; or one of Graph's own links to a next page.
// Throws an Error with the answer's message and `status` for every refusal.
const [method, path, { query, body, headers = {} } = {}] = args;
const base = (service.url || "https://graph.microsoft.com/v1.0").replace(/\/+$/, "");
const isLink = typeof path === "string";
if (isLink && !path.startsWith(`${base}/`)) throw refusal({ status: 400, data: "this is no link of Microsoft Graph" });
const token = service.token?.access_token ?? service.token?.key;
const authorization = token ? { authorization: `Bearer ${token}` } : {};
const response = await $.axios({
  method,
  url: isLink ? path : `${base}/${["me", ...path].map(part).join("/")}`,
  params: search(query),
  headers: { accept: "application/json", prefer: 'IdType="ImmutableId"', ...authorization, ...headers },
  data: body === undefined ? undefined : known(body),
  validateStatus: null,
});
if (response.status >= 200 && response.status < 300) return response;
throw refusal(response);

// A part of dots alone would climb the path: encoding leaves dots as they are.
function part(value) {
  const text = String(value ?? "");
  if (text && !/^\.+$/.test(text)) return encodeURIComponent(text);
  const error = new Error(`${JSON.stringify(text)} cannot be part of an address: an id is missing`);
  error.status = 400;
  throw error;
}

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
  const said =
    typeof data === "string"
      ? data.slice(0, 300)
      : [data?.error?.code, data?.error?.message].filter(Boolean).join(": ");
  const error = new Error(`Microsoft Graph answered ${status}: ${said || "no message"}`);
  error.status = status;
  if (answered["retry-after"]) error.retryAfter = Number(answered["retry-after"]);
  return error;
}
