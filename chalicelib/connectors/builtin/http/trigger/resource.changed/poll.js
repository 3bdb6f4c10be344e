// The part of the answer that is watched, each time it differs from the time before.
const { path, ...data } = variables;
const { body } = await service.fn.call("GET", data);
const watched = (await service.fn.at(body, path)) ?? null;
const digest = $.crypto.createHash("sha256").update(JSON.stringify(watched)).digest("hex");
const count = cursor?.count ?? 0;
if (!cursor || cursor.digest === digest) return { records: [], cursor: { digest, count } };
const record = { id: `${count + 1}:${digest}`, url: variables.url, body: watched };
return { records: [record], cursor: { digest, count: count + 1 } };
