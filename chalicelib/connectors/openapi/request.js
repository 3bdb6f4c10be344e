// request(method, template, {path, query, headers, body, form, text, type, styles, url}): one call; returns its data.
// DEFAULT_URL and KEYS stand above. Throws an Error with `status` for every answer that is not a success.
const [method, template, sent = {}] = args;
const styles = sent.styles ?? {};
const base = String(service.url || sent.url || DEFAULT_URL).replace(/\/+$/, "");
if (!base) throw failure(400, "this service has no address: the user's token needs a serviceUrl");

const headers = { accept: "application/json, */*;q=0.5" };
for (const [name, value] of Object.entries(sent.headers ?? {})) {
  if (value !== undefined && value !== null) headers[name] = plain(value);
}
const query = Object.entries(sent.query ?? {}).flatMap(([name, value]) => pairs(name, value, styles[name]));
const data = payload();
sign();

const place = template.replace(/\{([^{}]+)\}/g, (_, name) => segment(name, sent.path?.[name]));
const search = query.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join("&");
let response;
try {
  response = await $.axios({ method, url: base + place + (search ? `?${search}` : ""), headers, data });
} catch (error) {
  if (!error.response) throw error;
  response = error.response;
}
if (response.status < 200 || response.status >= 300) throw refusal(response);
return response.data === undefined || response.data === "" ? null : response.data;

function plain(value) {
  if (Array.isArray(value)) return value.map(plain).join(",");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function segment(name, value) {
  const text = value === undefined || value === null ? "" : plain(value);
  const parts = styles[name] === "segments" ? text.split("/") : [text];
  // A part of dots alone would climb the path: encoding leaves dots as they are.
  if (!text || parts.some((part) => /^\.+$/.test(part))) throw failure(400, `${name} cannot stand in a path`);
  return parts.map(encodeURIComponent).join("/");
}

function pairs(name, value, style) {
  if (value === undefined || value === null) return [];
  if (style === "json") return [[name, JSON.stringify(value)]];
  const separator = { commas: ",", spaces: " ", pipes: "|" }[style];
  if (Array.isArray(value)) {
    return separator ? [[name, value.map(plain).join(separator)]] : value.map((item) => [name, plain(item)]);
  }
  if (typeof value !== "object") return [[name, String(value)]];
  if (separator) return [[name, Object.entries(value).flat().map(plain).join(separator)]];
  return Object.entries(value).map(([key, part]) => [style === "deep" ? `${name}[${key}]` : key, plain(part)]);
}

function payload() {
  const fields = sent.body ?? sent.form;
  if (sent.text !== undefined) return typed(sent.type, String(sent.text));
  if (fields === undefined) return undefined;
  const isObject = typeof fields === "object" && fields !== null && !Array.isArray(fields);
  // Values nobody gave are not sent; null is sent, because it clears a field.
  const known = isObject ? Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) : fields;
  if (sent.isOptional && isObject && !Object.keys(known).length) return undefined;
  if (sent.form === undefined) return typed(sent.type, JSON.stringify(known));
  const encoded = Object.entries(known).flatMap(([name, value]) => pairs(name, value));
  return typed(sent.type, encoded.map((pair) => pair.map(encodeURIComponent).join("=")).join("&"));
}

function typed(type, text) {
  headers["content-type"] = type;
  return text;
}

function sign() {
  const token = service.token;
  if (!token) return;
  if (token.type === "oauth") return put({ in: "header", name: "Authorization", prefix: "Bearer" }, token.accessToken);
  if (token.type === "basic") {
    return put({ in: "header", name: "Authorization", prefix: "Basic" }, `${token.username ?? token.user}:${token.password}`);
  }
  // A key is text, or an object that gives one to each way by its name.
  if (typeof token.key === "string") return put(KEYS[0], token.key);
  for (const way of KEYS) if (typeof token.key?.[way.id] === "string") put(way, token.key[way.id]);
}

function put(way, secret) {
  const text = way.prefix === "Basic" ? $.Buffer.from(secret).toString("base64") : secret;
  if (way.in === "query") query.push([way.name, text]);
  else headers[way.name.toLowerCase()] = way.prefix ? `${way.prefix} ${text}` : text;
}

function refusal({ status, headers: answered = {}, data: said }) {
  const told = typeof said === "string" ? said.slice(0, 300) : (said?.message ?? said?.detail ?? said?.title ?? said?.error);
  const error = failure(status, `the service answered ${status}: ${typeof told === "string" && told ? told : "no message"}`);
  if (answered["retry-after"]) error.retryAfter = Number(answered["retry-after"]);
  return error;
}

function failure(status, message) {
  const error = new Error(message);
  error.status = status;
  return error;
}
