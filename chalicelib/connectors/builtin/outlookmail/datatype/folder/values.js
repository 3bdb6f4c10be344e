// The folders at the top and those directly inside them, of at most twenty.
const top = await service.fn.folders();
const withChildren = top.filter(({ childFolderCount }) => childFolderCount > 0).slice(0, 20);
const inside = new Map(await Promise.all(withChildren.map(async ({ id }) => [id, await service.fn.folders(id)])));
const values = top.flatMap(({ id, displayName }) => [
  { label: displayName, value: id },
  ...(inside.get(id) ?? []).map((child) => ({ label: `${displayName} / ${child.displayName}`, value: child.id })),
]);
return { values };
