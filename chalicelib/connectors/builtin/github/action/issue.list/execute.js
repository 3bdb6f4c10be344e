// https://docs.github.com/rest/issues/issues#list-repository-issues
const { repository, state, labels, assignee, creator, since, sort, direction, perPage, page } = input.data;
const path = `${await service.fn.repository(repository)}/issues`;
const chosen = { state, labels: labels?.length ? labels.join(",") : undefined, assignee, creator, since };
const query = { ...chosen, sort, direction, per_page: perPage, page };
const response = await service.fn.request("GET", path, { query });
return {
  issues: await service.fn.pick("issue", response.data),
  nextPage: await service.fn.nextPage(response),
};
