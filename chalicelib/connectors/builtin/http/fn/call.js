// call(method, {url, query, headers, body, bodyType, signIn, keyHeader, timeoutMs, failOnError}): one HTTP call; returns
// {status, headers, body}, the body parsed where it is JSON. The user's token goes to the origin of its serviceUrl and
// nowhere else, and is not taken along by redirects, which are not followed then.
const [method, data] = args;
const {
  query,
  headers = {},
  body,
  bodyType = "json",
  signIn = "token",
  keyHeader,
  timeoutMs,
  failOnError = true,
} = data;
const url = address(data.url);
const credential = signIn === "none" ? {} : proof(url);
for (const [name, value] of Object.entries(headers)) {
  if (!/^[\w!#$%&'*+.^|~-]+$/.test(name) || /[\r\n\0]/.test(String(value))) throw invalid(`${name} is not a header`);
}
const content = body === undefined || body === null ? {} : carried();
const response = await $.axios({
  method,
  url,
  params: search(query),
  headers: { ...content.headers, ...lowered(headers), ...credential },
  data: content.data,
  timeout: timeoutMs,
  maxRedirects: Object.keys(credential).length ? 0 : undefined,
  validateStatus: null,
});
const answer = {
  status: response.status,
  headers: { ...response.headers },
  body: response.data === "" ? null : response.data,
};
if (!failOnError || (answer.status >= 200 && answer.status < 400)) return answer;
const said = typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body ?? "");
const error = new Error(`${new $.URL(url).host} answered ${answer.status}: ${said.slice(0, 300)}`);
error.status = answer.status;
if (answer.headers["retry-after"]) error.retryAfter = Number(answer.headers["retry-after"]);
throw error;

// A path alone continues the serviceUrl.
function address(given) {
  const text = String(given ?? "");
  if (/^https?:\/\//i.test(text)) return text;
  if (!service.url || /^[a-z][a-z0-9+.-]*:/i.test(text))
    throw invalid("url must begin with https://, or continue the token's serviceUrl");
  return `${service.url.replace(/\/+$/, "")}/${text.replace(/^\/+/, "")}`;
}

function proof(target) {
  const token = service.token;
  if (!token) return {};
  if (!service.url)
    throw invalid('the token has no serviceUrl, the address it may be sent to: set it, or call with signIn "none"');
  if (new $.URL(target).origin !== new $.URL(service.url).origin) {
    throw invalid(`the token may be sent to ${new $.URL(service.url).origin} only: call with signIn "none"`);
  }
  const { username, password = "", access_token: access, key, header, value } = token;
  if (username !== undefined) {
    return { authorization: `Basic ${Buffer.from(`${username}:${password}`, "utf8").toString("base64")}` };
  }
  if (header && value) return { [header.toLowerCase()]: value };
  if (signIn === "apiKey") return { [(keyHeader || service.vars?.apiKeyHeader || "X-API-Key").toLowerCase()]: key };
  return { authorization: `Bearer ${access ?? key}` };
}

function carried() {
  if (bodyType === "form")
    return { headers: { "content-type": "application/x-www-form-urlencoded" }, data: search(body).toString() };
  if (bodyType === "text") return { headers: { "content-type": "text/plain; charset=utf-8" }, data: String(body) };
  return { headers: { "content-type": "application/json" }, data: JSON.stringify(body) };
}

function search(values) {
  const pairs = new URLSearchParams();
  for (const [name, value] of Object.entries(values ?? {})) {
    for (const one of [value].flat()) if (one !== undefined && one !== null) pairs.append(name, String(one));
  }
  return pairs;
}

function lowered(given) {
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name.toLowerCase(), value]));
}

function invalid(message) {
  const error = new Error(message);
  error.status = 400;
  return error;
}
