// hook(method, id, body): one call about Graph's change notifications, which do not belong to a mailbox.
// https://learn.microsoft.com/graph/api/resources/subscription
const [method, id, body] = args;
const base = (service.url || "https://graph.microsoft.com/v1.0").replace(/\/+$/, "");
const link = `${base}/subscriptions${id ? `/${encodeURIComponent(id)}` : ""}`;
return await service.fn.request(method, link, { body });
