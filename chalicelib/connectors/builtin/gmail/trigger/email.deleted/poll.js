// Mail moved to the trash, and mail deleted for good, of which only the id is left.
const { changes, cursor: next, more } = await service.fn.history(cursor, ["labelAdded", "messageDeleted"]);
const trashed = changes.filter(({ added }) => added.includes("TRASH"));
const final = changes.filter(({ type }) => type === "messageDeleted");
const records = (await service.fn.records(trashed, "trashed", {})).map((record) => ({ ...record, isFinal: false }));
for (const change of final) {
  records.push({ id: `deleted:${change.id}`, isFinal: true, email: await service.fn.message(change) });
}
return { records, cursor: next, more };
