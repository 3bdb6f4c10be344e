// mime(fields): a message as Gmail's `raw` wants it: RFC 5322 in base64url. fields are {from, to, cc, bcc, replyTo,
// subject, text, html, attachments: [{filename, contentType, content (base64)}], inReplyTo, references}.
const [{ from, to, cc, bcc, replyTo, subject, text, html, attachments, inReplyTo, references }] = args;
const heads = [
  ["From", addresses(from)],
  ["To", addresses(to)],
  ["Cc", addresses(cc)],
  ["Bcc", addresses(bcc)],
  ["Reply-To", addresses(replyTo)],
  ["Subject", words(line(subject ?? ""))],
  ["In-Reply-To", line(inReplyTo ?? "")],
  ["References", line(references ?? "")],
  ["MIME-Version", "1.0"],
].filter(([, value]) => value);
const bodies = [];
if (text !== undefined || html === undefined) bodies.push(leaf("text/plain; charset=utf-8", text ?? ""));
if (html !== undefined) bodies.push(leaf("text/html; charset=utf-8", html));
const files = (attachments ?? []).map(file);
const said = bodies.length > 1 ? multipart("alternative", bodies) : bodies[0];
const whole = files.length ? multipart("mixed", [said, ...files]) : said;
const head = heads.map(([name, value]) => `${name}: ${value}\r\n`).join("");
return Buffer.from(head + whole, "utf8").toString("base64url");

function leaf(type, content, disposition = "", encoding = "utf8") {
  const lines = Buffer.from(content, encoding).toString("base64").replace(/.{76}/g, "$&\r\n");
  return `Content-Type: ${type}\r\n${disposition}Content-Transfer-Encoding: base64\r\n\r\n${lines}\r\n`;
}

function multipart(kind, parts) {
  const boundary = `=_${$.crypto.randomBytes(12).toString("hex")}`;
  const body = parts.map((part) => `--${boundary}\r\n${part}`).join("");
  return `Content-Type: multipart/${kind}; boundary="${boundary}"\r\n\r\n${body}--${boundary}--\r\n`;
}

function file({ filename, contentType = "application/octet-stream", content }) {
  if (!/^[\w.+-]+\/[\w.+-]+$/.test(contentType)) throw invalid(`${contentType} is not a content type`);
  const isPlain = /^[\x20-\x7e]*$/.test(line(filename)) && !/["\\]/.test(filename);
  const encoded = encodeURIComponent(filename).replace(/['()*]/g, escaped); // RFC 2231
  const name = isPlain ? `filename="${filename}"` : `filename*=UTF-8''${encoded}`;
  return leaf(contentType, content, `Content-Disposition: attachment; ${name}\r\n`, "base64");
}

// One address or several, as a list or separated by commas; only the names are encoded.
function addresses(given) {
  const list = [given ?? []].flat().flatMap((one) => line(one).match(/(?:"[^"]*"|[^,"])+/g) ?? []);
  const made = list.map((one) => {
    const [, name, address] = /^\s*"?([^"<]*?)"?\s*<([^<>]+)>\s*$/.exec(one) ?? [];
    if (!name || /^[\x20-\x7e]*$/.test(name)) return one.trim();
    return `${words(name)} <${address}>`;
  });
  return made.filter(Boolean).join(",\r\n ");
}

// RFC 2047: words beyond ASCII are encoded, in pieces of whole characters.
function words(value) {
  if (/^[\x20-\x7e]*$/.test(value)) return value;
  const pieces = [""];
  for (const character of value) {
    if (Buffer.byteLength(pieces.at(-1) + character) > 42) pieces.push("");
    pieces[pieces.length - 1] += character;
  }
  return pieces.map((piece) => `=?UTF-8?B?${Buffer.from(piece, "utf8").toString("base64")}?=`).join("\r\n ");
}

function line(value) {
  if (/[\r\n\0]/.test(value)) throw invalid(`${JSON.stringify(value).slice(0, 100)} must be one line`);
  return value;
}

function escaped(character) {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

function invalid(message) {
  const error = new Error(message);
  error.status = 400;
  return error;
}
