// https://docs.github.com/rest/pulls/pulls#list-pull-requests
const { repository, state, head, base, sort, direction, perPage, page } = input.data;
const path = `${await service.fn.repository(repository)}/pulls`;
const query = { state, head, base, sort, direction, per_page: perPage, page };
const response = await service.fn.request("GET", path, { query });
return {
  pullRequests: await service.fn.pick("pull_request", response.data),
  nextPage: await service.fn.nextPage(response),
};
