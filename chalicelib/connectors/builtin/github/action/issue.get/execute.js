// https://docs.github.com/rest/issues/issues#get-an-issue
const { repository, number } = input.data;
const path = `${await service.fn.repository(repository)}/issues/${encodeURIComponent(number)}`;
const { data } = await service.fn.request("GET", path);
return await service.fn.pick("issue", data);
