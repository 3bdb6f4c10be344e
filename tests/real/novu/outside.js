// What the clients' own pages describe beside the 74 operations: prints {call: status or error text}.
const { Novu: Node } = require('@novu/node');
const { Novu: Api } = require('@novu/api');
const url = process.argv[2];
const node = new Node('default', { backendUrl: url });
const api = new Api({ serverURL: url, secretKey: 'default', security: { secretKey: 'default' }, retryConfig: { strategy: 'none' } });
const person = { subscriberId: 'x', firstName: 'X' };
const calls = {
  'node changes.get': () => node.changes.get({ page: 0, limit: 5, promoted: 'false' }),
  'node changes.getCount': () => node.changes.getCount(),
  'node changes.applyOne': () => node.changes.applyOne('x'),
  'node changes.applyMany': () => node.changes.applyMany(['x']),
  'node environments.create': () => node.environments.create({ name: 'X' }),
  'node environments.updateOne': () => node.environments.updateOne('x', { name: 'X' }),
  'node environments.getApiKeys': () => node.environments.getApiKeys(),
  'node environments.regenerateApiKeys': () => node.environments.regenerateApiKeys(),
  'node inboundParse.getMxStatus': () => node.inboundParse.getMxStatus(),
  'node integrations.getInAppStatus': () => node.integrations.getInAppStatus(),
  'node integrations.getWebhookProviderStatus': () => node.integrations.getWebhookProviderStatus('sendgrid'),
  'node organizations.create': () => node.organizations.create({ name: 'X' }),
  'node organizations.getMembers': () => node.organizations.getMembers(),
  'node organizations.removeMember': () => node.organizations.removeMember('x'),
  'node organizations.updateMemberRole': () => node.organizations.updateMemberRole('x', { role: 'admin' }),
  'node tenants.create': () => node.tenants.create('x', { name: 'X' }),
  'node tenants.get': () => node.tenants.get('x'),
  'node tenants.list': () => node.tenants.list({ page: 0, limit: 5 }),
  'node tenants.update': () => node.tenants.update('x', { name: 'Y' }),
  'node tenants.delete': () => node.tenants.delete('x'),
  'node workflowOverrides.create': () => node.workflowOverrides.create({ workflowId: 'x', tenantId: 'x', active: false }),
  'node workflowOverrides.list': () => node.workflowOverrides.list(0, 5),
  'node workflowOverrides.getOneById': () => node.workflowOverrides.getOneById('x'),
  'node workflowOverrides.getOneByTenantIdandWorkflowId': () => node.workflowOverrides.getOneByTenantIdandWorkflowId('x', 'y'),
  'node workflowOverrides.updateOneById': () => node.workflowOverrides.updateOneById('x', { active: false }),
  'node workflowOverrides.updateOneByTenantIdandWorkflowId': () => node.workflowOverrides.updateOneByTenantIdandWorkflowId('x', 'y', { active: false }),
  'node workflowOverrides.delete': () => node.workflowOverrides.delete('x'),
  'api integrations.webhooks.retrieve': () => api.integrations.webhooks.retrieve('sendgrid'),
  'api subscribers.create': () => api.subscribers.create(person),
  'api subscribers.retrieve': () => api.subscribers.retrieve('x'),
  'api subscribers.patch': () => api.subscribers.patch({ firstName: 'Y' }, 'x'),
  'api subscribers.delete': () => api.subscribers.delete('x'),
  'api subscribers.search': () => api.subscribers.search({}),
  'api subscribers.preferences.list': () => api.subscribers.preferences.list('x'),
  'api subscribers.preferences.update': () => api.subscribers.preferences.update({ channels: { email: true } }, 'x'),
};
(async () => {
  const found = {};
  for (const [name, call] of Object.entries(calls)) {
    try { const r = await call(); found[name] = (r && r.status) || 'ok'; }
    catch (e) { found[name] = (e.response && e.response.status) || e.statusCode || (e.rawResponse && e.rawResponse.status) || (/Status (\d+)/.exec(String(e)) || [])[1] || String(e).slice(0, 160); }
  }
  console.log(JSON.stringify(found));
})().catch(e => { console.error(e); process.exit(1); });
