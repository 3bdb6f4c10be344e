// True when the issue is among those that fit the search.
const { issue, jql } = input.data;
const { id } = await service.fn.read(issue);
const wanted = jql.replace(/\border\s+by\b[^"']*$/i, "").trim();
const { issues } = await service.fn.search(`id = ${id} AND (${wanted})`, 1);
return issues.length > 0;
