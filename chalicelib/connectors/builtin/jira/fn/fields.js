// fields(data): Jira's fields out of an action's input; only what was given is in it. `fields` adds any others.
// A thing is named by its id, or else by its name (a project by its key).
const [{ project, issueType, summary, description, priority, assignee, labels, parent, dueDate, fields: others }] =
  args;
const made = {
  project: named(project, "key"),
  issuetype: named(issueType, "name"),
  summary,
  description: await service.fn.document(description),
  priority: named(priority, "name"),
  assignee: assignee === undefined || assignee === null ? assignee : { accountId: assignee },
  labels,
  parent: named(parent, "key"),
  duedate: dueDate,
};
return { ...Object.fromEntries(Object.entries(made).filter(([, value]) => value !== undefined)), ...others };

function named(given, field) {
  if (given === undefined || given === null) return given;
  return /^\d+$/.test(given) ? { id: given } : { [field]: given };
}
