// unregister(stored): delete the webhook that register created. One already gone is as good as deleted.
const [stored] = args;
if (!stored?.hook_id || stored.is_shared) return null;
try {
  await service.fn.request("DELETE", `${await service.fn.repository(stored.repository)}/hooks/${stored.hook_id}`);
} catch (error) {
  if (error.status !== 404) throw error;
}
return null;
