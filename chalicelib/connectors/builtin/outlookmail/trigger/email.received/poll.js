// Mail that came into a folder.
const wanted = { changeType: "created", onlyNew: true };
const { messages, cursor: next, more } = await service.fn.delta(variables.folder || "inbox", cursor, wanted);
const mail = messages.filter(({ isDraft }) => !isDraft);
return { records: await service.fn.records(mail, "received", variables), cursor: next, more };
