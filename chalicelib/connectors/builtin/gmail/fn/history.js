// history(cursor, types, labelId): a page of what happened in the mailbox since the cursor, oldest first.
// Returns {changes: [{type, id, threadId, labelIds, added}], cursor, more}; without a cursor only where to begin.
// The next pass begins at the mailbox's state when this one began: what comes twice has the same record id.
// Google keeps about a week of history. Older: mail that arrived under labelId since is listed instead; of other
// changes there is no trace. https://developers.google.com/workspace/gmail/api/guides/sync
const PAGE_SIZE = 20;
const [cursor, types, labelId] = args;
const now = Date.now();
if (!cursor) return { changes: [], cursor: { historyId: await present(), at: now }, more: false };
if (cursor.missed) return await missed(cursor);

const query = {
  startHistoryId: cursor.historyId,
  historyTypes: types,
  labelId,
  maxResults: PAGE_SIZE,
  pageToken: cursor.page,
};
let data;
try {
  ({ data } = await service.fn.request("GET", ["history"], { query }));
} catch (error) {
  if (error.status !== 404) throw error;
  const next = { historyId: await present(), at: now };
  const canCatchUp = types.length === 1 && types[0] === "messageAdded";
  return canCatchUp
    ? { changes: [], cursor: { ...next, missed: { after: Math.floor(cursor.at / 1000) - 60 } }, more: true }
    : { changes: [], cursor: next, more: false };
}
const began = cursor.began ?? { historyId: data.historyId, at: now };
const changes = (data.history ?? []).flatMap(changesOf);
return data.nextPageToken
  ? { changes, cursor: { ...cursor, began, page: data.nextPageToken }, more: true }
  : { changes, cursor: began, more: false };

async function present() {
  return (await service.fn.request("GET", ["profile"])).data.historyId;
}

async function missed({ missed: { after, page }, ...rest }) {
  const search = { q: `after:${after}`, labelIds: [labelId], maxResults: PAGE_SIZE, pageToken: page };
  const { data: found } = await service.fn.request("GET", ["messages"], { query: search });
  const listed = (found.messages ?? []).map(({ id, threadId }) =>
    change("messageAdded", { id, threadId, labelIds: [labelId] }),
  );
  return found.nextPageToken
    ? { changes: listed, cursor: { ...rest, missed: { after, page: found.nextPageToken } }, more: true }
    : { changes: listed, cursor: rest, more: false };
}

function changesOf({ messagesAdded = [], messagesDeleted = [], labelsAdded = [] }) {
  return [
    ...messagesAdded.map(({ message }) => change("messageAdded", message)),
    ...labelsAdded.map(({ message, labelIds }) => change("labelAdded", message, labelIds)),
    ...messagesDeleted.map(({ message }) => change("messageDeleted", message)),
  ];
}

function change(type, { id, threadId, labelIds = [] }, added = []) {
  return { type, id, threadId: threadId ?? null, labelIds, added };
}
