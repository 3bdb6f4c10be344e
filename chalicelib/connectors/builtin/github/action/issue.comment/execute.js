// https://docs.github.com/rest/issues/comments#create-an-issue-comment
const { repository, number, body } = input.data;
const path = `${await service.fn.repository(repository)}/issues/${encodeURIComponent(number)}/comments`;
const { data } = await service.fn.request("POST", path, { body: { body } });
return await service.fn.pick("comment", data);
