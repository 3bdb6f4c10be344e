// https://docs.slack.dev/reference/methods/users.lookupByEmail
const { user } = await service.fn.request("users.lookupByEmail", { query: { email: input.data.email } });
return await service.fn.user(user);
