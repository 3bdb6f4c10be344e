// A label put on mail that was there before. Putting it on again after taking it off counts as the same.
const { label } = variables;
const { changes, cursor: next, more } = await service.fn.history(cursor, ["labelAdded"], label);
const labeled = changes.filter(({ added }) => added.includes(label));
const records = await service.fn.records(labeled, `labeled:${label}`, variables);
return { records: records.map((record) => ({ ...record, label })), cursor: next, more };
