const { status: expected = 200, field, equals, ...data } = input.data;
const { status, body } = await service.fn.call("GET", { ...data, failOnError: false });
if (status !== expected) return false;
if (!field) return true;
const found = await service.fn.at(body, field);
return equals === undefined ? found !== undefined : found === equals;
