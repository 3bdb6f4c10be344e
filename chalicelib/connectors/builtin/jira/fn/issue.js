// issue(issue): a Jira issue in the shape this connector shows, whether from the API or from a webhook.
const [{ id, key, self, fields = {} }] = args;
const origin = /^https:\/\/[^/]+/.exec(self ?? "")?.[0];
return {
  id: String(id),
  key: key ?? null,
  url: origin && key && origin !== "https://api.atlassian.com" ? `${origin}/browse/${key}` : null,
  summary: fields.summary ?? null,
  description: await service.fn.plain(fields.description),
  status: kind(fields.status),
  statusCategory: fields.status?.statusCategory?.key ?? null,
  issueType: kind(fields.issuetype),
  project: fields.project ? { ...kind(fields.project), key: fields.project.key ?? null } : null,
  priority: kind(fields.priority),
  assignee: await service.fn.user(fields.assignee),
  reporter: await service.fn.user(fields.reporter),
  labels: fields.labels ?? [],
  parent: fields.parent?.key ?? null,
  dueDate: fields.duedate ?? null,
  resolution: fields.resolution?.name ?? null,
  created: fields.created ?? null,
  updated: fields.updated ?? null,
};

function kind(given) {
  return given ? { id: given.id ?? null, name: given.name ?? null } : null;
}
