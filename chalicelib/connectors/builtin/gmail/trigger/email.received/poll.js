// Mail that arrived under a label. Drafts bear labels too and are no mail yet.
const label = variables.label || "INBOX";
const { changes, cursor: next, more } = await service.fn.history(cursor, ["messageAdded"], label);
const arrived = changes.filter(({ labelIds }) => labelIds.includes(label) && !labelIds.includes("DRAFT"));
return { records: await service.fn.records(arrived, "received", variables), cursor: next, more };
