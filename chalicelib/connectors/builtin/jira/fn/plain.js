// plain(document): the text of an Atlassian document; webhooks send text to begin with. Nothing is null.
const [document] = args;
if (document === undefined || document === null) return null;
if (typeof document === "string") return document;
return text(document)
  .replace(/\n{3,}/g, "\n\n")
  .trim();

function text({ type, text: own, content = [], attrs = {} }) {
  if (type === "text") return own ?? "";
  if (type === "hardBreak") return "\n";
  if (type === "mention" || type === "emoji") return attrs.text ?? attrs.shortName ?? "";
  if (type === "inlineCard") return attrs.url ?? "";
  const inner = content.map(text).join("");
  const isBlock = ["paragraph", "heading", "codeBlock", "blockquote", "rule", "mediaSingle"].includes(type);
  return type === "listItem" ? `- ${inner.trim()}\n` : isBlock ? `${inner}\n\n` : inner;
}
