// document(text): plain text as an Atlassian document: a paragraph per blank line, breaks inside. Null stays null.
// https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/
const [text] = args;
if (text === undefined || text === null) return text;
const paragraphs = String(text)
  .replace(/\r\n?/g, "\n")
  .split(/\n{2,}/);
return { type: "doc", version: 1, content: paragraphs.map((lines) => ({ type: "paragraph", content: inline(lines) })) };

function inline(lines) {
  return lines
    .split("\n")
    .flatMap((line, position) => [
      ...(position ? [{ type: "hardBreak" }] : []),
      ...(line ? [{ type: "text", text: line }] : []),
    ]);
}
