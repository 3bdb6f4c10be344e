// delta(folder, cursor, {changeType, onlyNew}): a page of what changed in a folder since the cursor.
// Returns {messages (as Graph has them), cursor, more}. The first pass goes through the folder and shows nothing; with
// onlyNew it asks for messages received from now on only, which makes it short. Graph hands out the link that the next
// pass begins with. When it no longer knows the link, the pass starts over from the time the last one began.
// https://learn.microsoft.com/graph/delta-query-messages
const [folder, cursor, { changeType, onlyNew }] = args;
const since = cursor?.since ?? null;
const headers = { prefer: 'IdType="ImmutableId", odata.maxpagesize=100' };
let response;
try {
  response = cursor?.link
    ? await service.fn.request("GET", cursor.link, { headers })
    : await service.fn.request("GET", ["mailFolders", folder, "messages", "delta"], { headers, query: await first() });
} catch (error) {
  const isForgotten = error.status === 410 || /syncState/i.test(error.message);
  if (!cursor?.link || !isForgotten) throw error;
  return { messages: [], cursor: onlyNew ? { since } : {}, more: true };
}
const { data, headers: answered } = response;
const began = cursor?.began ?? new Date(answered?.date ?? Date.now()).toISOString();
const present = (data.value ?? []).filter((message) => !message["@removed"]);
const next = data["@odata.nextLink"];
return {
  messages: since === null ? [] : present,
  cursor: next ? { link: next, since, began } : { link: data["@odata.deltaLink"], since: began },
  more: Boolean(next),
};

async function first() {
  const from = since ?? new Date(Date.now()).toISOString();
  const filter = onlyNew ? { $filter: `receivedDateTime ge ${from.replace(/\.\d+Z$/, "Z")}` } : {};
  return { $select: await service.fn.shown(), changeType, ...filter };
}
