// Mail that came into Sent Items.
const wanted = { changeType: "created", onlyNew: true };
const { messages, cursor: next, more } = await service.fn.delta("sentitems", cursor, wanted);
return { records: await service.fn.records(messages, "sent", { subject: variables.subject }), cursor: next, more };
