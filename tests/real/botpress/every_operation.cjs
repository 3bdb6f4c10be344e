// Every operation that a published client has, against a running platform; prints one JSON list of [call, ok or FAIL, what].
// node every_operation.cjs <url> <package> <webhook server of the integration>
const [, , url, name, back] = process.argv;
const { Client } = require(name);
const log = [];

async function t(call, ask) {
  try {
    const found = await ask();
    log.push([call, 'ok', '']);
    return found;
  } catch (error) {
    log.push([call, 'FAIL', `${error.type} ${error.message} ${error.stack || ''}`.slice(0, 300)]);
    return {};
  }
}

async function refused(call, type, ask) {
  try {
    await ask();
    log.push([call, 'FAIL', 'was not refused']);
  } catch (error) {
    log.push([call, error.type === type ? 'ok' : 'FAIL', `${error.type} ${error.message}`]);
  }
}

const make = (more) => new Client({ host: url, apiUrl: url, token: 'default', ...more });
const any = { schema: { type: 'object' } };
const old = name === 'client-0.0.11';

(async () => {
  const admin = make({});
  const unique = `c${Date.now().toString(36)}`;
  const tags = old ? { tags: { users: ['plan'], messages: [], conversations: [] } } : { user: { tags: { plan: {} } } };
  const made = await t('createBot', () => admin.createBot({
    name: 'Ada', dev: true, ...tags, states: { count: { type: 'user', schema: { type: 'object' }, expiry: 60000 } },
    events: { tick: any }, recurringEvents: { daily: { schedule: { cron: '0 6 * * *' }, type: 'tick', payload: {} } },
    configuration: { data: { a: 1 }, ...any },
  }));
  const bot = made.bot.id;
  const channel = old
    ? { messages: { text: any }, tags: { messages: ['ts'], conversations: ['id'] } }
    : { messages: { text: any }, message: { tags: { ts: {} } }, conversation: { tags: { id: {} } } };
  const declared = old ? { tags: { users: ['id'] }, public: true } : { user: { tags: { id: {} } } };
  const integration = (await t('createIntegration', () => admin.createIntegration({
    name: unique, version: '0.1.0', dev: true, url: back, channels: { room: channel }, ...declared,
    actions: { ask: { input: any, output: any } }, events: { opened: any },
    states: { kept: { type: 'integration', schema: { type: 'object' } } },
  }))).integration.id;
  await t('updateIntegration', () => admin.updateIntegration({ id: integration, title: 'Chat', description: 'd' }));
  await t('getIntegration', () => admin.getIntegration({ id: integration }));
  await t('getIntegrationByName', () => admin.getIntegrationByName({ name: unique, version: 'latest' }));
  await t('listIntegrations', () => admin.listIntegrations({ name: unique }));
  if (admin.getIntegrationLogs) await t('getIntegrationLogs', () => admin.getIntegrationLogs({ id: integration }));
  await t('listPublicIntegrations', () => admin.listPublicIntegrations({}));
  if (old) {
    await t('getPublicIntegration', () => admin.getPublicIntegration({ name: unique, version: '0.1.0' }));
    await t('getPublicIntegrationById', () => admin.getPublicIntegrationById({ id: integration }));
  } else {
    await refused('getPublicIntegration', 'ResourceNotFound', () => admin.getPublicIntegration({ name: unique, version: '0.1.0' }));
    await refused('getPublicIntegrationById', 'ResourceNotFound', () => admin.getPublicIntegrationById({ id: integration }));
  }
  await t('updateBot', () => admin.updateBot({ id: bot, integrations: { [integration]: { enabled: true, configuration: {} } } }));
  await t('getBot', async () => {
    for (let tries = 0; tries < 100; tries++) {
      const one = (await admin.getBot({ id: bot })).bot.integrations[integration];
      if (one.status === 'registered') return one;
      if (one.status !== 'registration_pending') throw new Error(one.statusReason);
      await new Promise((done) => setTimeout(done, 200));
    }
    throw new Error('still pending');
  });
  await t('listBots', () => admin.listBots({}));
  await t('getBotLogs', () => admin.getBotLogs({ id: bot }));
  await refused('getBotWebchat', 'ResourceNotFound', () => admin.getBotWebchat({ id: bot, type: 'preconfigured' }));
  await t('getBotAnalytics', () => admin.getBotAnalytics({ id: bot, startDate: '2026-01-01T00:00:00Z', endDate: '2026-01-03T00:00:00Z' }));

  const as = make({ botId: bot, integrationId: integration });
  const own = make({ botId: bot });
  const tag = { [`${unique}:id`]: 'U1' };
  const user = (await t('createUser', () => as.createUser({ tags: tag }))).user.id;
  await t('getOrCreateUser', async () => {
    const found = (await as.getOrCreateUser({ tags: tag })).user.id;
    if (found !== user) throw new Error('another user');
  });
  await t('updateUser', () => own.updateUser({ id: user, tags: { plan: 'gold' } }));
  await t('getUser', () => own.getUser({ id: user }));
  await t('listUsers by tag', async () => {
    const found = (await own.listUsers({ tags: tag })).users;
    if (found.length !== 1 || found[0].id !== user) throw new Error(JSON.stringify(found));
  });
  const room = (await t('createConversation', () => as.createConversation({ channel: 'room', tags: { [`${unique}:id`]: 'C1' } }))).conversation.id;
  await t('getOrCreateConversation', () => as.getOrCreateConversation({ channel: 'room', tags: { [`${unique}:id`]: 'C1' } }));
  await t('updateConversation', () => own.updateConversation({ id: room, tags: {}, participantIds: [user] }));
  await t('getConversation', () => own.getConversation({ id: room }));
  await t('listConversations', async () => {
    const found = (await own.listConversations({ participantIds: [user], tags: { [`${unique}:id`]: 'C1' } })).conversations;
    if (found.length !== 1) throw new Error(JSON.stringify(found));
  });
  const said = { userId: user, conversationId: room, type: 'text', payload: { text: 'hi' }, tags: {} };
  const message = (await t('createMessage', () => as.createMessage(said))).message.id;
  await t('getOrCreateMessage', () => as.getOrCreateMessage({ ...said, tags: { [`${unique}:ts`]: '1' } }));
  await t('updateMessage', () => as.updateMessage({ id: message, tags: { [`${unique}:ts`]: '7' } }));
  await t('getMessage', () => own.getMessage({ id: message }));
  await t('listMessages', () => own.listMessages({ conversationId: room, tags: { [`${unique}:ts`]: '7' } }));
  const event = (await t('createEvent', () => as.createEvent({ type: 'opened', payload: {} }))).event;
  await t('getEvent', async () => {
    if (event.type !== `${unique}:opened`) throw new Error(event.type);
    return own.getEvent({ id: event.id });
  });
  await t('listEvents', () => own.listEvents(old ? {} : { type: 'message_created' }));
  const state = { type: 'user', id: user, name: 'count' };
  await refused('getState unset', 'ResourceNotFound', () => own.getState(state));
  await t('setState', () => own.setState({ ...state, payload: { n: 1 }, expiry: 3600000 }));
  await t('patchState', () => own.patchState({ ...state, payload: { m: 2 } }));
  await t('getState', async () => {
    const found = (await own.getState(state)).state.payload;
    if (found.n !== 1 || found.m !== 2) throw new Error(JSON.stringify(found));
  });
  await t('callAction', async () => {
    const { output } = await own.callAction({ type: `${unique}:ask`, input: { a: 1 } });
    if (output.got.a !== 1) throw new Error(JSON.stringify(output));
  });
  await refused('callAction refused', 'Runtime', () => own.callAction({ type: `${unique}:ask`, input: { fail: 'on purpose' } }));
  const contents = Buffer.from('hello file').toString('base64');
  const file = (await t('createFile', () => admin.createFile({ botId: bot, contents, name: 'a.txt', accessType: 'private' }))).file.id;
  await t('getFile', () => admin.getFile({ id: file }));
  await t('downloadFile', async () => {
    const found = await admin.downloadFile({ id: file });
    if (found !== 'hello file') throw new Error(JSON.stringify(found));
  });
  await t('listFiles', () => admin.listFiles({ botId: bot }));
  await t('deleteFile', () => admin.deleteFile({ id: file }));
  await t('deleteMessage', () => own.deleteMessage({ id: message }));
  await t('deleteConversation', () => own.deleteConversation({ id: room }));
  await t('deleteUser', () => own.deleteUser({ id: user }));

  const seen = await t('listWorkspaces', () => admin.listWorkspaces({}));
  let target = seen.workspaces[0].id;
  if (admin.createWorkspace) target = (await t('createWorkspace', () => admin.createWorkspace({ name: 'Second' }))).id;
  if (admin.getWorkspace) await t('getWorkspace', () => admin.getWorkspace({ id: target }));
  if (admin.updateWorkspace) await t('updateWorkspace', () => admin.updateWorkspace({ id: target, name: 'Renamed', spendingLimit: 20 }));
  await t('transferBot', () => admin.transferBot({ id: bot, targetWorkspaceId: target }));
  const there = make({ workspaceId: target });
  await t('getBot there', () => there.getBot({ id: bot }));
  await refused('deleteIntegration in use', 'RelationConflict', () => admin.deleteIntegration({ id: integration }));
  await t('deleteBot', () => there.deleteBot({ id: bot }));
  await t('deleteIntegration', async () => {
    for (let tries = 0; ; tries++) {
      try { return await admin.deleteIntegration({ id: integration }); } catch (error) {
        if (tries === 100) throw error;
        await new Promise((done) => setTimeout(done, 200));
      }
    }
  });
  if (admin.deleteWorkspace) await t('deleteWorkspace', () => admin.deleteWorkspace({ id: target }));
  await refused('unknown token', 'Unauthorized', () => make({ token: 'nobody' }).listBots({}));
  await refused('bad page token', 'InvalidQuery', () => admin.listBots({ nextToken: 'x' }));
  await refused('bad body', 'InvalidPayload', () => admin.createBot({ name: '' }));
  console.log(JSON.stringify(log));
})();
