// Mail of a folder that was read, flagged, categorized or otherwise changed. Graph tells no time of change, so the id
// holds what can be seen of it: the same change twice counts as one.
const {
  messages,
  cursor: next,
  more,
} = await service.fn.delta(variables.folder || "inbox", cursor, { changeType: "updated" });
const records = (await service.fn.records(messages, "updated", variables)).map((record) => {
  const state = $.crypto.createHash("sha256").update(JSON.stringify(record.email)).digest("hex").slice(0, 16);
  return { ...record, id: `${record.id}:${state}` };
});
return { records, cursor: next, more };
