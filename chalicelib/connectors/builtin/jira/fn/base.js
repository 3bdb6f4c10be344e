// base(): where the user's Jira answers. With an API token that is the token's serviceUrl, https://SITE.atlassian.net.
// With OAuth it is found among the sites the user granted; a serviceUrl chooses one of several.
// https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/
const url = (service.url ?? "").replace(/\/+$/, "");
const token = service.token?.access_token;
if (!token) {
  if (!url) throw invalid("the token needs a serviceUrl: https://SITE.atlassian.net");
  return url;
}
if (url.startsWith("https://api.atlassian.com/ex/jira/")) return url;
const { data: sites, status } = await $.axios({
  url: "https://api.atlassian.com/oauth/token/accessible-resources",
  headers: { accept: "application/json", authorization: `Bearer ${token}` },
  validateStatus: null,
});
if (status !== 200) throw invalid(`Atlassian answered ${status} when asked for the sites of this token`, status);
const fitting = sites.filter((site) => !url || site.url.replace(/\/+$/, "") === url);
if (fitting.length === 1) return `https://api.atlassian.com/ex/jira/${encodeURIComponent(fitting[0].id)}`;
const known = sites.map((site) => site.url).join(", ") || "none";
throw invalid(url ? `the token was not granted ${url}, but ${known}` : `the token needs a serviceUrl out of ${known}`);

function invalid(message, code = 400) {
  const error = new Error(message);
  error.status = code;
  return error;
}
