// Change notifications for a folder. Graph keeps those of mail for less than three days; they can be prolonged.
// https://learn.microsoft.com/graph/api/subscription-post-subscriptions
const LIFE_MS = 4200 * 60_000;
const expirationDateTime = new Date(Date.now() + LIFE_MS).toISOString();
const { data } = (stored && (await prolonged())) || (await begun());
return { id: data.id, expiresAt: data.expirationDateTime };

async function prolonged() {
  try {
    return await service.fn.hook("PATCH", stored.id, { expirationDateTime });
  } catch (error) {
    if (error.status === 404) return null;
    throw error;
  }
}

async function begun() {
  const folder = (variables.folder || "inbox").replaceAll("'", "''");
  return await service.fn.hook("POST", null, {
    changeType: "created,updated,deleted",
    notificationUrl: webhook.urls.notification,
    resource: `me/mailFolders('${folder}')/messages`,
    expirationDateTime,
    clientState: subscription.id,
  });
}
