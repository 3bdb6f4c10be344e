// The first thousand channels.
const values = [];
let cursor;
do {
  const page = await service.fn.channels({ cursor });
  values.push(...page.channels.map(({ id, name }) => ({ label: `#${name}`, value: id })));
  cursor = page.nextCursor;
} while (cursor && values.length < 1000);
return { values };
