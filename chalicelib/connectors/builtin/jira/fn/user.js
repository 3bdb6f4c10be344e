// user(user): a Jira user in the shape this connector shows.
const [user] = args;
if (!user) return null;
const { accountId = null, displayName = null, emailAddress = null } = user;
return { accountId, displayName, email: emailAddress };
