// https://learn.microsoft.com/graph/api/user-list-messages
const { folder, search, filter, maxResults = 25, page } = input.data;
const path = page ?? (folder ? ["mailFolders", folder, "messages"] : ["messages"]);
const order = search || filter ? undefined : "receivedDateTime desc"; // Graph refuses most orders beside the others
const $search = search ? `"${search.replace(/["\\]/g, "\\$&")}"` : undefined;
const query = page
  ? undefined
  : { $select: await service.fn.shown(), $search, $filter: filter, $top: maxResults, $orderby: order };
const { data } = await service.fn.request("GET", path, { query });
const emails = await Promise.all((data.value ?? []).map((message) => service.fn.message(message)));
return { emails, nextPage: data["@odata.nextLink"] ?? null };
