// shown(): the fields that an issue is shown with, as Jira wants them named.
const fields = [
  "summary",
  "description",
  "status",
  "issuetype",
  "project",
  "priority",
  "assignee",
  "reporter",
  "labels",
];
return [...fields, "parent", "duedate", "resolution", "created", "updated"].join(",");
