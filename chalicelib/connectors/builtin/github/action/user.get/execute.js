// https://docs.github.com/rest/users/users#get-the-authenticated-user
const { data } = await service.fn.request("GET", "/user");
return await service.fn.pick("user", data);
