// register(webhook, variables, events): create the repository's webhook when the subscriber asked for it.
// Returns {repository, hook_id, is_shared}, or null when not asked. GitHub refuses two webhooks with the same
// address and an event in common; the one already there is then used and, being shared, never deleted by us.
const [webhook, variables, events] = args;
if (variables?.register !== true) return null;
const repository = variables.repository;
if (!repository) throw invalid("register needs a repository");
const secret = service.vars?.webhookSecret;
if (!secret) throw invalid("register needs the variable webhookSecret to have a value");

const path = `${await service.fn.repository(repository)}/hooks`;
const config = { url: webhook.url, content_type: "json", insecure_ssl: "0", secret };
try {
  const { data } = await service.fn.request("POST", path, { body: { name: "web", active: true, events, config } });
  return { repository, hook_id: data.id, is_shared: false };
} catch (error) {
  if (error.status !== 422 || !/already exists/i.test(error.message)) throw error;
  const { data: hooks } = await service.fn.request("GET", path, { query: { per_page: 100 } });
  const existing = hooks.find((hook) => hook.active && hook.config?.url === webhook.url && covers(hook.events));
  if (!existing) throw error;
  return { repository, hook_id: existing.id, is_shared: true };
}

function covers(theirs) {
  return theirs.includes("*") || events.every((event) => theirs.includes(event));
}

function invalid(message) {
  const error = new Error(message);
  error.status = 400;
  return error;
}
