// A certified OpenID provider with one client. Usage: node oauth_provider.mjs MODULE PORT REDIRECT_URI ID SECRET
// Prints "listening"; /control/... lets the tests look inside and bring about what takes days elsewhere.
const [module, port, redirectUri, id, secret] = process.argv.slice(2);
const { default: Provider } = await import(module);

const issuer = `http://127.0.0.1:${port}`;
const settings = { accessTokenSeconds: 600, delayMs: 0 };
const counts = { codes: 0, refreshes: 0, refused: {} };
const refreshTokens = new Set();
const accessTokens = new Set();

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: id,
      client_secret: secret,
      redirect_uris: [redirectUri],
      grant_types: ["authorization_code", "refresh_token"],
      token_endpoint_auth_method: "client_secret_basic",
    },
  ],
  pkce: { required: () => true },
  rotateRefreshToken: true,
  issueRefreshToken: () => true,
  claims: { openid: ["sub"], email: ["email"] },
  scopes: ["openid", "email"],
  findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, email: `${sub}@provider.example` }) }),
  cookies: { keys: ["only for tests"] },
  ttl: { AccessToken: () => settings.accessTokenSeconds, RefreshToken: 3600, Session: 3600, Grant: 3600, Interaction: 600 },
});
provider.on("access_token.saved", (token) => accessTokens.add(token));
provider.on("refresh_token.saved", (token) => refreshTokens.add(token));
provider.on("grant.success", ({ oidc }) => {
  counts[oidc.params.grant_type === "refresh_token" ? "refreshes" : "codes"] += 1;
});
for (const event of ["grant.error", "authorization.error"]) {
  provider.on(event, (_, error) => (counts.refused[error.error] = (counts.refused[error.error] ?? 0) + 1));
}
const controls = {
  counts: () => counts,
  set: (query) => Object.assign(settings, Object.fromEntries(Object.entries(query).map(([name, value]) => [name, +value]))),
  "end-access": () => Promise.all([...accessTokens].map((token) => token.destroy())),
  "end-refresh": () => Promise.all([...refreshTokens].map((token) => token.destroy())),
};
provider.use(async (context, next) => {
  const control = /^\/control\/(.+)$/.exec(context.path)?.[1];
  if (control) {
    await controls[control](context.query);
    context.body = counts;
    return;
  }
  if (context.path === "/token") await new Promise((done) => setTimeout(done, settings.delayMs));
  await next();
});
provider.listen(+port, "127.0.0.1", () => console.log("listening"));
