// folders(parent): the mail folders at the top, or inside another; up to 250.
// https://learn.microsoft.com/graph/api/user-list-mailfolders
const [parent] = args;
const path = parent ? ["mailFolders", parent, "childFolders"] : ["mailFolders"];
const { data } = await service.fn.request("GET", path, { query: { $top: 250 } });
return (data.value ?? []).map((folder) => ({
  id: folder.id,
  displayName: folder.displayName ?? null,
  parentFolderId: folder.parentFolderId ?? null,
  childFolderCount: folder.childFolderCount ?? null,
  totalItemCount: folder.totalItemCount ?? null,
  unreadItemCount: folder.unreadItemCount ?? null,
}));
