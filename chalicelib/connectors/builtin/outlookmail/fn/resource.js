// resource(data): what Graph calls a message, out of an action's input; only what was given is in it.
const [{ to, cc, bcc, replyTo, subject, text, html, importance, categories, attachments }] = args;
return {
  subject,
  body:
    html !== undefined
      ? { contentType: "html", content: html }
      : text !== undefined
        ? { contentType: "text", content: text }
        : undefined,
  toRecipients: recipients(to),
  ccRecipients: recipients(cc),
  bccRecipients: recipients(bcc),
  replyTo: recipients(replyTo),
  importance,
  categories,
  attachments: attachments?.map(({ filename, contentType = "application/octet-stream", content }) => ({
    "@odata.type": "#microsoft.graph.fileAttachment",
    name: filename,
    contentType,
    contentBytes: content,
  })),
};

// One address or several, as a list or separated by commas: ann@example.com or Ann <ann@example.com>.
function recipients(given) {
  if (given === undefined || given === null) return undefined;
  const list = [given].flat().flatMap((one) => one.match(/(?:"[^"]*"|[^,"])+/g) ?? []);
  return list
    .map((one) => one.trim())
    .filter(Boolean)
    .map((one) => {
      const [, name, address] = /^"?([^"<]*?)"?\s*<([^<>]+)>$/.exec(one) ?? [null, "", one];
      return { emailAddress: name ? { name, address } : { address } };
    });
}
