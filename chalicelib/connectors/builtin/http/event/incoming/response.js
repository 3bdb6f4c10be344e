// Take in only what proves to know the secret: by sending it in a header, or by signing the exact body with it (HMAC,
// in hex or base64, with or without a prefix such as sha256=).
const { incomingSecret: secret, incomingMode: mode, incomingAlgorithm: algorithm } = service.vars ?? {};
if (!secret) return refuse(403, "The variable incomingSecret is not set");
const header = await service.fn.secretHeader();
const given = notification.headers[header] ?? "";
if (!given) return refuse(401, `The header ${header} is missing`);
if (mode === "hmac") {
  const { rawBody = "", isBase64 } = notification;
  const exact = isBase64 ? Buffer.from(rawBody, "base64") : rawBody;
  const sign = (encoding) =>
    $.crypto
      .createHmac(algorithm || "sha256", secret)
      .update(exact)
      .digest(encoding);
  const bare = given.replace(/^(sha\d+|v\d+)[=,]/i, "");
  const fits = [
    await service.fn.isSame(bare.toLowerCase(), sign("hex")),
    await service.fn.isSame(bare, sign("base64")),
  ];
  if (!fits.includes(true)) return refuse(401, `The signature in ${header} does not fit the body and the secret`);
} else if (!(await service.fn.isSame(given.replace(/^Bearer\s+/i, ""), secret))) {
  return refuse(401, `The secret in ${header} is wrong`);
}
return { status: 202, body: { message: "Accepted" } };

function refuse(status, message) {
  return { status, headers: { "content-type": "application/json" }, body: { message } };
}
