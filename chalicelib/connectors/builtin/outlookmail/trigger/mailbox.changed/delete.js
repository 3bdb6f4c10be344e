if (!stored) return;
try {
  await service.fn.hook("DELETE", stored.id);
} catch (error) {
  if (error.status !== 404) throw error;
}
