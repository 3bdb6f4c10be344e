// Mail that came into Deleted Items. It was received long ago, so the first pass goes through the whole folder.
const { messages, cursor: next, more } = await service.fn.delta("deleteditems", cursor, { changeType: "created" });
return { records: await service.fn.records(messages, "deleted", variables), cursor: next, more };
