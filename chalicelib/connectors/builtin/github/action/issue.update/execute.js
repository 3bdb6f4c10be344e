// https://docs.github.com/rest/issues/issues#update-an-issue
const { repository, number, title, body, state, stateReason, labels, assignees, milestone } = input.data;
const path = `${await service.fn.repository(repository)}/issues/${encodeURIComponent(number)}`;
const changes = { title, body, state, state_reason: stateReason, labels, assignees, milestone };
const { data } = await service.fn.request("PATCH", path, { body: changes });
return await service.fn.pick("issue", data);
