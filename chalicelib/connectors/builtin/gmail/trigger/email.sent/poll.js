// Mail the account sent, from anywhere.
const { changes, cursor: next, more } = await service.fn.history(cursor, ["messageAdded"], "SENT");
const gone = changes.filter(({ labelIds }) => labelIds.includes("SENT"));
return { records: await service.fn.records(gone, "sent", { ...variables, from: undefined }), cursor: next, more };
