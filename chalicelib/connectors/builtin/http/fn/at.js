// at(value, path): what lies at a path such as data.items.0.name; the value itself without a path.
const [value, path] = args;
const steps = String(path ?? "")
  .split(".")
  .filter(Boolean);
return steps.reduce(
  (found, step) => (found && typeof found === "object" && Object.hasOwn(found, step) ? found[step] : undefined),
  value,
);
