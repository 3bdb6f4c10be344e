// https://docs.github.com/rest/pulls/pulls#create-a-pull-request
const { repository, title, head, base, body, draft } = input.data;
const path = `${await service.fn.repository(repository)}/pulls`;
const { data } = await service.fn.request("POST", path, { body: { title, head, base, body, draft } });
return await service.fn.pick("pull_request", data);
