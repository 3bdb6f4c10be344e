// https://learn.microsoft.com/graph/api/user-post-mailfolders
const { displayName, parent } = input.data;
const path = parent ? ["mailFolders", parent, "childFolders"] : ["mailFolders"];
const { data } = await service.fn.request("POST", path, { body: { displayName } });
const { id, parentFolderId = null, childFolderCount = null, totalItemCount = null, unreadItemCount = null } = data;
return { id, displayName: data.displayName ?? null, parentFolderId, childFolderCount, totalItemCount, unreadItemCount };
