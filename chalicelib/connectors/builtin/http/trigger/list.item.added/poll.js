// Items of a JSON list that were not there before. Remembered are the last 2,000, by a short hash of their ids.
const MAX_SEEN = 2000;
const { path, idField, ...data } = variables;
const { body } = await service.fn.call("GET", data);
const items = await service.fn.at(body, path);
if (!Array.isArray(items)) throw new Error(`there is no list at ${path || "the top of the answer"}`);
const keyed = await Promise.all(
  items.slice(0, MAX_SEEN).map(async (item) => {
    const id = idField ? await service.fn.at(item, idField) : item;
    return {
      key: $.crypto
        .createHash("sha256")
        .update(JSON.stringify(id ?? item))
        .digest("hex")
        .slice(0, 16),
      item,
    };
  }),
);
const seen = new Set(cursor?.seen ?? []);
const isFirst = !cursor;
const added = isFirst ? [] : keyed.filter(({ key }) => !seen.has(key)).slice(0, 500);
const records = added.map(({ key, item }) => ({ id: key, item }));
const told = new Set(records.map(({ id }) => id));
const present = keyed.map(({ key }) => key).filter((key) => isFirst || seen.has(key) || told.has(key));
const kept = [...new Set([...present, ...seen])].slice(0, MAX_SEEN);
return { records, cursor: { seen: kept }, more: keyed.some(({ key }) => !kept.includes(key)) };
