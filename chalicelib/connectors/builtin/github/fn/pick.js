// pick(shape, value): the value in one of the compact shapes; a list item by item; nothing as null.
// A field GitHub left out is null, so that a shape always has all its fields.
const [shape, value] = args;
const shapes = await service.fn.shapes();
return pick(shape, value);

function pick(name, source) {
  if (name === "present") return source !== undefined && source !== null;
  if (source === undefined || source === null) return null;
  if (Array.isArray(source)) return source.map((item) => pick(name, item));
  if (typeof source !== "object") return null;
  const picked = {};
  for (const word of shapes[name].split(" ")) {
    const [names, inner] = word.split(":");
    const [to, from = to] = names.split("=");
    picked[to] = inner ? pick(inner, source[from]) : (source[from] ?? null);
  }
  return picked;
}
