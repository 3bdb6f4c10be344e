// repository("owner/name"): its path in GitHub's API, "/repos/owner/name", each part encoded.
const [fullName] = args;
const [owner, name, ...rest] = String(fullName ?? "").split("/");
// A part of dots alone would climb the path: encoding leaves dots as they are.
const isPart = (part) => Boolean(part) && !/^\.+$/.test(part);
if (!isPart(owner) || !isPart(name) || rest.length) {
  const error = new Error(`repository must be owner/name, not ${JSON.stringify(fullName ?? null)}`);
  error.status = 400;
  throw error;
}
return `/repos/${encodeURIComponent(owner)}/${encodeURIComponent(name)}`;
