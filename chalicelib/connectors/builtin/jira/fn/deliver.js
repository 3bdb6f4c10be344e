// deliver(notification, variables, wanted): what a webhook's trigger delivers, or null when it was not asked for.
// wanted lists Jira's names of the events; without it every event counts.
const [{ body }, { project, issueTypes, fields, events } = {}, wanted] = args;
const event = body?.webhookEvent;
if (typeof event !== "string" || (wanted && !wanted.includes(event))) return null;
const issue = body.issue ? await service.fn.issue(body.issue) : null;
const changes = (body.changelog?.items ?? []).map(({ field, fieldId, fromString, toString: to }) => ({
  field: field ?? fieldId ?? null,
  from: fromString ?? null,
  to: typeof to === "string" ? to : null,
}));
if (project && ![issue?.project?.id, issue?.project?.key].includes(project)) return null;
if (issueTypes?.length && !issueTypes.some((type) => [issue?.issueType?.id, issue?.issueType?.name].includes(type)))
  return null;
if (fields?.length && !changes.some(({ field }) => fields.includes(field))) return null;
if (events?.length && !events.includes(event)) return null;
return {
  event,
  at: body.timestamp ? new Date(body.timestamp).toISOString() : null,
  user: await service.fn.user(body.user ?? body.comment?.updateAuthor ?? body.comment?.author),
  issue,
  changes,
  comment: body.comment ? await service.fn.comment(body.comment) : null,
};
