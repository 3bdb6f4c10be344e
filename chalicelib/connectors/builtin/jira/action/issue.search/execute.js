const { jql, maxResults = 50, nextPageToken } = input.data;
const found = await service.fn.search(jql, maxResults, nextPageToken);
const issues = await Promise.all(found.issues.map((issue) => service.fn.issue(issue)));
return { issues, nextPageToken: found.nextPageToken };
