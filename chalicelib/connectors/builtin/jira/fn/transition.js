// transition(issue, name): the id of the transition with this name, or that leads to the status of this name.
const [issue, name] = args;
const offered = await service.fn.transitions(issue);
const isSame = (text) => (text ?? "").toLowerCase() === name.toLowerCase();
const found = offered.find((one) => isSame(one.name)) ?? offered.find((one) => isSame(one.to?.name));
if (found) return found.id;
const error = new Error(
  `${issue} has no transition ${name} now, but ${offered.map((one) => one.name).join(", ") || "none"}`,
);
error.status = 400;
throw error;
