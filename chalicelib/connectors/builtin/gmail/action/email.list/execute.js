// https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages/list
const { query: q, labels, maxResults = 20, pageToken, includeSpamTrash, idsOnly } = input.data;
const query = { q, labelIds: labels, maxResults, pageToken, includeSpamTrash };
const { data } = await service.fn.request("GET", ["messages"], { query });
const listed = data.messages ?? [];
const read = idsOnly
  ? listed.map((message) => service.fn.message(message))
  : listed.map(({ id }) => service.fn.read(id, { format: "metadata" }));
return {
  emails: (await Promise.all(read)).filter(Boolean),
  nextPageToken: data.nextPageToken ?? null,
  resultSizeEstimate: data.resultSizeEstimate ?? null,
};
