// https://docs.github.com/rest/issues/issues#create-an-issue
const { repository, title, body, labels, assignees, milestone } = input.data;
const path = `${await service.fn.repository(repository)}/issues`;
const { data } = await service.fn.request("POST", path, { body: { title, body, labels, assignees, milestone } });
return await service.fn.pick("issue", data);
