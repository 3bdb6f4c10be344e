// deliver(notification, variables, parts): what a trigger delivers, or null when the subscriber did not ask for it.
// parts names what the event adds to the common fields: output name -> payload field, or "field:shape" for one of
// the compact shapes; the field "." is the whole payload.
const [notification, variables, parts] = args;
const payload = await service.fn.payload(notification);
if (!payload) return null;

const event = notification.headers["x-github-event"] ?? null;
const action = payload.action ?? null;
const branch = branchOf(payload);
if (!isWanted(variables ?? {})) return null;

const delivered = {
  event,
  action,
  delivery: notification.headers["x-github-delivery"] ?? null,
  branch,
  repository: await service.fn.pick("repository", payload.repository),
  organization: await service.fn.pick("organization", payload.organization),
  sender: await service.fn.pick("user", payload.sender),
};
for (const [name, part] of Object.entries(parts)) {
  const [field, shape] = part.split(":");
  const value = field === "." ? payload : payload[field];
  delivered[name] = shape ? await service.fn.pick(shape, value) : (value ?? null);
}
return delivered;

function isWanted({ repository, events, actions, branch: wantedBranch }) {
  const fullName = (payload.repository?.full_name ?? "").toLowerCase();
  if (repository && fullName !== repository.toLowerCase()) return false;
  if (events?.length && !events.includes(event)) return false;
  if (actions?.length && !actions.includes(action)) return false;
  return !wantedBranch || branch === wantedBranch;
}

// A tag is not a branch: refs/tags/v1 gives null. Of a pull request, the branch it goes into counts.
function branchOf({ ref, ref_type, branch, pull_request, merge_group, ...rest }) {
  if (typeof ref === "string" && ref_type) return ref_type === "branch" ? ref : null;
  if (typeof ref === "string" && ref.startsWith("refs/heads/")) return ref.slice("refs/heads/".length);
  if (merge_group) return (merge_group.base_ref ?? "").replace("refs/heads/", "") || null;
  if (typeof branch === "string") return branch.replace("refs/heads/", "");
  const run = rest.workflow_run ?? rest.workflow_job ?? rest.check_run?.check_suite ?? rest.check_suite;
  return pull_request?.base?.ref ?? run?.head_branch ?? null;
}
