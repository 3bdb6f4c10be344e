// What came in, without the header that holds the secret; null when the subscriber did not ask for it.
const { method, headers, query, body } = notification;
if (variables.method && variables.method !== method) return null;
if (variables.field) {
  const found = await service.fn.at(body, variables.field);
  if (found === undefined || (variables.equals !== undefined && found !== variables.equals)) return null;
}
const secretHeader = await service.fn.secretHeader();
return {
  method,
  query,
  headers: Object.fromEntries(Object.entries(headers).filter(([name]) => name !== secretHeader)),
  body,
};
