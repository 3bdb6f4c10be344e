// https://docs.github.com/rest/repos/repos#get-a-repository
const { data } = await service.fn.request("GET", await service.fn.repository(input.data.repository));
return await service.fn.pick("repository", data);
