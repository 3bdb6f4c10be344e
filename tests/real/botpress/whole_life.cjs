// The whole life of everything through @botpress/client, unmodified: node whole_life.cjs <url> <key> <package>
// Prints [[name, "ok"] or [name, "FAIL", why], ...]; what is refused must arrive as the client's own class of error.
const http = require('node:http');
const assert = require('node:assert/strict');
const [, , url, key, pack] = process.argv;
const version = pack.replace('client-', '');
const lib = require(pack);
const host = { host: url, apiUrl: url, token: key };
const called = new Set();
const watched = (client) => new Proxy(client, { get: (of, name) => { if (typeof of[name] === 'function') called.add(name); return of[name]; } });
const clientOf = (more) => watched(new lib.Client({ ...host, ...more }));
// Calls of the clients that the surface does not have.
const members = ['createWorkspaceMember', 'deleteWorkspaceMember', 'listWorkspaceMembers', 'updateWorkspaceMember'];
const outside = {
  '0.0.11': ['configureIntegration', 'introspect'],
  '0.1.3': ['configureIntegration', 'introspect', ...members],
  '0.3.8': ['changeWorkspacePlan', 'configureIntegration', 'getAccount', 'getAuditRecords', 'introspect', ...members],
};
const log = [];
const t = async (name, f) => {
  try { const made = await f(); log.push([name, 'ok']); return made; } catch (e) {
    const said = e.response ? `${e.response.status} ${JSON.stringify(e.response.data)}` : '';
    log.push([name, 'FAIL', `${e} ${said} ${e.stack ? e.stack.split('\n')[1] : ''}`.slice(0, 900)]);
  }
};
const refused = (name, kind, f) => t(`${kind}: ${name}`, async () => {
  try { await f(); } catch (e) {
    assert.ok(lib[`${kind}Error`], `no class ${kind}`);
    if (!(e instanceof lib[`${kind}Error`])) throw e;
    assert.ok(e.message.length > 5);
    assert.ok(lib.isApiError(e));
    return;
  }
  throw Error('was not refused');
});
const all = async (read, field) => {
  const found = [];
  let nextToken;
  do { const page = await read(nextToken); found.push(...page[field]); nextToken = page.meta.nextToken; } while (nextToken);
  return found;
};
const until = async (what, f) => {
  for (let i = 0; i < 200; i++) { const found = await f(); if (found) return found; await new Promise(r => setTimeout(r, 100)); }
  throw Error(`${what} did not come`);
};
const text = { type: 'object', properties: { text: { type: 'string' } }, required: ['text'], additionalProperties: false };
const object = { type: 'object' };
const asked = [];
const byLoop = req => new lib.Client({ ...host, botId: req.headers['x-bot-id'], integrationId: req.headers['x-integration-id'] });
const sink = http.createServer((req, res) => {
  let body = '';
  req.on('data', part => { body += part; });
  req.on('end', async () => {
    const operation = req.headers['x-bp-operation'], sent = JSON.parse(body || '{}');
    asked.push([operation, sent, req.headers]);
    if (operation === 'action_triggered' && sent.input.text === 'no') {
      res.writeHead(400).end(JSON.stringify({ code: 400, type: 'Runtime', message: 'it would not' }));
    } else if (operation === 'action_triggered') {
      res.end(JSON.stringify({ output: { text: sent.input.text.toUpperCase() } }));
    } else if (operation === 'create_user') {  // calls back while it is being waited for
      const { user } = await byLoop(req).getOrCreateUser({ tags: sent.tags });
      res.end(JSON.stringify({ user: { id: user.id } }));
    } else if (operation === 'create_conversation') {
      const { conversation } = await byLoop(req).getOrCreateConversation({ channel: sent.channel, tags: sent.tags });
      res.end(JSON.stringify({ conversation: { id: conversation.id } }));
    } else if (operation === 'webhook_received') {
      res.writeHead(202, { 'x-own': sent.req.query }).end(`${sent.req.method} ${sent.req.path} ${sent.req.body}`);
    } else { res.end('{}'); }
  });
});
const saw = (operation, fits = () => true) => until(operation, async () => asked.find(one => one[0] === operation && fits(one[1])));

async function administer(admin, here) {
  const name = `loop${version.replace(/\D/g, '')}`;
  const own = (await t('listWorkspaces', async () => {
    const found = await all(nextToken => admin.listWorkspaces({ nextToken }), 'workspaces');
    assert.equal(found.length, 1);
    return found[0];
  }));
  if (lib.Client && admin.getWorkspace) {
    await t('getWorkspace', async () => assert.equal((await admin.getWorkspace({ id: own.id })).id, own.id));
    await t('updateWorkspace', async () => assert.equal((await admin.updateWorkspace({ id: own.id, name: `of ${version}` })).name, `of ${version}`));
  }
  let second;
  if (admin.createWorkspace) {
    const third = await t('createWorkspace', () => admin.createWorkspace({ name: 'third' }));
    await t('deleteWorkspace', () => admin.deleteWorkspace({ id: third.id }));
    await refused('a deleted workspace', 'ResourceNotFound', () => admin.getWorkspace({ id: third.id }));
    second = await admin.createWorkspace({ name: 'second' });
  } else {
    const made = await fetch(`${url}/v1/admin/workspaces`, { method: 'POST', headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' }, body: '{"name":"second"}' });
    second = await made.json();
  }
  const definition = {
    name, version: '0.1.0', dev: true, url: here, title: 'Loop', description: 'Back',
    icon: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>').toString('base64'), readme: Buffer.from('# Loop').toString('base64'),
    configuration: { schema: { type: 'object', properties: { greeting: { type: 'string' } }, required: ['greeting'], additionalProperties: false } },
    tags: { users: ['id', 'name'] },
    user: { creation: { enabled: true, requiredTags: ['id'] } },
    channels: {
      chat: {
        messages: { text: { schema: text } }, tags: { messages: ['id'], conversations: ['id', 'room'] },
        conversation: { creation: { enabled: true, requiredTags: ['id'] } },
      },
      gone: { messages: { text: { schema: text } } },
    },
    states: { memory: { type: 'integration', schema: object }, seat: { type: 'conversation', schema: text } },
    events: { rang: { schema: object }, dropped: { schema: object } },
    actions: { shout: { input: { schema: text }, output: { schema: text } } },
  };
  const loop = (await t('createIntegration', () => admin.createIntegration(definition))).integration;
  await t('updateIntegration: null removes', async () => {
    const { integration } = await admin.updateIntegration({ id: loop.id, channels: { gone: null }, events: { dropped: null }, title: 'Loop back' });
    assert.deepEqual([Object.keys(integration.channels), Object.keys(integration.events), integration.title], [['chat'], ['rang'], 'Loop back']);
    assert.deepEqual(Object.keys(integration.channels.chat.messages), ['text']);
  });
  const open = (await t('createIntegration: public', () => admin.createIntegration({ name: `${name}open`, version: '0.2.0', public: true, channels: {} }))).integration;
  await t('getIntegration', async () => assert.equal((await admin.getIntegration({ id: loop.id })).integration.name, name));
  await t('getIntegrationByName', async () => assert.equal((await admin.getIntegrationByName({ name, version: 'latest' })).integration.id, loop.id));
  await t('listIntegrations: by name', async () => assert.deepEqual((await all(nextToken => admin.listIntegrations({ nextToken, name, version: '0.1.0' }), 'integrations')).map(one => one.id), [loop.id]));
  await t('getPublicIntegrationById', async () => assert.equal((await admin.getPublicIntegrationById({ id: open.id })).integration.id, open.id));
  await t('getPublicIntegration', async () => assert.equal((await admin.getPublicIntegration({ name: `${name}open`, version: '0.2.0' })).integration.id, open.id));
  await t('listPublicIntegrations', async () => {
    const found = await all(nextToken => admin.listPublicIntegrations({ nextToken }), 'integrations');
    assert.ok(found.some(one => one.id === open.id) && !found.some(one => one.id === loop.id));
  });
  await t('listIntegrations: 25 versions in pages', async () => {
    for (let i = 0; i < 25; i++) await admin.createIntegration({ name: `${name}many`, version: `0.0.${i}` });
    const found = await all(nextToken => admin.listIntegrations({ nextToken, name: `${name}many` }), 'integrations');
    assert.equal(new Set(found.map(one => one.version)).size, 25);
    assert.equal((await admin.getIntegrationByName({ name: `${name}many`, version: 'latest' })).integration.version, '0.0.24');
    for (const one of found) await admin.deleteIntegration({ id: one.id });
  });
  const bot = (await t('createBot', () => admin.createBot({
    name: 'Echo', dev: true, url: here,
    states: { mood: { type: 'user', schema: text }, plan: { type: 'bot', schema: object }, lost: { type: 'user', schema: object } },
    events: { noticed: { schema: { type: 'object', properties: { n: { type: 'number' } }, required: ['n'] } }, unused: { schema: object } },
    recurringEvents: { hourly: { type: 'noticed', payload: { n: 1 }, schedule: { cron: '0 * * * *' } } },
    tags: { users: ['vip'], conversations: ['topic'], messages: ['rating'] },
    configuration: { schema: object, data: { tone: 'kind' } },
  }))).bot;
  await t('updateBot: null removes, the rest stays', async () => {
    const made = (await admin.updateBot({ id: bot.id, states: { lost: null }, events: { unused: null }, recurringEvents: { hourly: null } })).bot;
    assert.deepEqual([Object.keys(made.states).sort(), Object.keys(made.events), made.recurringEvents], [['mood', 'plan'], ['noticed'], {}]);
    assert.deepEqual(made.configuration.data, { tone: 'kind' });
  });
  await refused('a configuration that does not fit', 'InvalidDataFormat', () => admin.updateBot({ id: bot.id, integrations: { [loop.id]: { enabled: true, configuration: { greeting: 1 } } } }));
  await refused('an unknown integration', 'ReferenceNotFound', () => admin.updateBot({ id: bot.id, integrations: { nope: { enabled: true } } }));
  await refused('an integration that is not installed', 'Forbidden', () => clientOf({ botId: bot.id, integrationId: loop.id }).listUsers({}));
  await t('updateBot: installs', async () => {
    await admin.updateBot({ id: bot.id, integrations: { [loop.id]: { enabled: true, configuration: { greeting: 'hi' } } } });
    await until('registered', async () => (await admin.getBot({ id: bot.id })).bot.integrations[loop.id].status === 'registered');
    const [, sent, headers] = await saw('register');
    assert.ok(sent.webhookUrl.startsWith('http') && headers['x-bot-user-id'] === bot.id && headers['x-integration-id'] === loop.id);
    assert.deepEqual(JSON.parse(Buffer.from(headers['x-bp-configuration'], 'base64')), { greeting: 'hi' });
    const came = await fetch(`${sent.webhookUrl.replace(/^https?:\/\/[^/]+/, url)}/deep?a=b`, { method: 'POST', body: 'from outside' });
    assert.deepEqual([came.status, came.headers.get('x-own'), await came.text()], [202, 'a=b', 'POST /deep from outside']);
  });
  await t('listBots: 25 in pages', async () => {
    const more = [];
    for (let i = 0; i < 25; i++) more.push((await admin.createBot({ name: `b${i}` })).bot.id);
    const found = (await all(nextToken => admin.listBots({ nextToken }), 'bots')).map(one => one.id);
    assert.deepEqual([found.length, new Set(found).size], [26, 26]);
    await admin.transferBot({ id: more[0], targetWorkspaceId: second.id });
    const there = clientOf({ workspaceId: second.id });
    assert.deepEqual((await there.listBots({})).bots.map(one => one.id), [more[0]]);
    await there.deleteBot({ id: more[0] });
    for (const one of more.slice(1)) await admin.deleteBot({ id: one });
    assert.equal((await all(nextToken => admin.listBots({ nextToken }), 'bots')).length, 1);
  });
  await t('getBotLogs', async () => assert.ok(Array.isArray((await admin.getBotLogs({ id: bot.id })).logs)));
  if (admin.getIntegrationLogs) await t('getIntegrationLogs', async () => assert.ok(Array.isArray((await admin.getIntegrationLogs({ id: loop.id })).logs)));
  await refused('a web chat that is not installed', 'ResourceNotFound', () => admin.getBotWebchat({ id: bot.id, type: 'preconfigured' }));
  await refused('a name', 'InvalidIdentifier', () => admin.createIntegration({ name: 'No Name', version: '0.1.0' }));
  await refused('a schema', 'InvalidJsonSchema', () => admin.createBot({ events: { rang: { schema: { type: 'nothing' } } } }));
  await refused('an installed integration cannot go', 'RelationConflict', () => admin.deleteIntegration({ id: loop.id }));
  await refused('a token of another list', 'InvalidQuery', () => admin.listBots({ nextToken: 'forged' }));
  await refused('an unknown key', 'Unauthorized', () => clientOf({ token: 'unknown' }).listBots({}));
  if (lib.AlreadyExistsError) await refused('a version that is there', 'AlreadyExists', () => admin.createIntegration(definition));
  await refused('another workspace', 'Forbidden', () => clientOf({ workspaceId: 'elsewhere' }).listBots({}));
  return { bot, loop, open, name, second };
}

async function converse({ bot, loop, name }, admin) {
  const asBot = clientOf({ botId: bot.id }), asLoop = clientOf({ botId: bot.id, integrationId: loop.id });
  const tag = one => `${name}:${one}`;
  const ann = (await t('getOrCreateUser', async () => {
    const first = await asLoop.getOrCreateUser({ tags: { [tag('id')]: 'U1' } });
    const again = await asLoop.getOrCreateUser({ tags: { [tag('id')]: 'U1' } });
    assert.equal(first.user.id, again.user.id);
    return first.user;
  }));
  await t('createUser', async () => assert.equal((await asBot.createUser({ tags: { vip: 'yes' } })).user.tags.vip, 'yes'));
  await t('getUser', async () => assert.equal((await asBot.getUser({ id: ann.id })).user.id, ann.id));
  await t('getUser: the bot is one', async () => assert.equal((await asBot.getUser({ id: bot.id })).user.id, bot.id));
  await t('updateUser: merges, an empty text removes', async () => {
    assert.deepEqual((await asLoop.updateUser({ id: ann.id, tags: { [tag('name')]: 'Ann' } })).user.tags, { [tag('id')]: 'U1', [tag('name')]: 'Ann' });
    assert.deepEqual((await asLoop.updateUser({ id: ann.id, tags: { [tag('name')]: '' } })).user.tags, { [tag('id')]: 'U1' });
  });
  await t('createUser: by the integration', async () => {
    const { user } = await asBot.createUser({ integrationName: name, tags: { [tag('id')]: 'U9' } });
    assert.deepEqual(user.tags, { [tag('id')]: 'U9' });
    assert.equal((await asBot.getOrCreateUser({ integrationName: name, tags: { [tag('id')]: 'U9' } })).user.id, user.id);
    await asBot.deleteUser({ id: user.id });
  });
  await refused('a user without the tag its integration needs', 'InvalidPayload', () => asBot.createUser({ integrationName: name, tags: {} }));
  await t('listUsers: pages and tags', async () => {
    const made = [];
    for (let i = 0; i < 45; i++) made.push((await asBot.createUser({ tags: { vip: i % 2 ? 'odd' : 'even' } })).user.id);
    const found = (await all(nextToken => asBot.listUsers({ nextToken }), 'users')).map(one => one.id);
    assert.deepEqual([found.length, new Set(found).size], [47, 47]);
    assert.equal((await all(nextToken => asBot.listUsers({ nextToken, tags: { vip: 'even' } }), 'users')).length, 23);
    assert.deepEqual((await asLoop.listUsers({ tags: { [tag('id')]: 'U1' } })).users.map(one => one.id), [ann.id]);
    await asBot.deleteUser({ id: made[0] });
    await refused('a deleted user', 'ResourceNotFound', () => asBot.getUser({ id: made[0] }));
  });
  await refused('an undeclared tag', 'InvalidPayload', () => asBot.createUser({ tags: { nope: 'x' } }));
  const room = (await t('getOrCreateConversation', async () => {
    const first = await asLoop.getOrCreateConversation({ channel: 'chat', tags: { [tag('id')]: 'C1' } });
    const again = await asLoop.getOrCreateConversation({ channel: 'chat', tags: { [tag('id')]: 'C1' } });
    assert.equal(first.conversation.id, again.conversation.id);
    return first.conversation;
  }));
  const other = (await t('createConversation', async () => (await asLoop.createConversation({ channel: 'chat', tags: {} })).conversation));
  await t('createConversation: by the integration', async () => {
    const { conversation } = await asBot.createConversation({ integrationName: name, channel: 'chat', tags: { [tag('id')]: 'C9' } });
    assert.deepEqual([conversation.channel, conversation.integration], ['chat', name]);
    await asBot.deleteConversation({ id: conversation.id });
  });
  await t('getConversation', async () => assert.equal((await asBot.getConversation({ id: room.id })).conversation.integration, name));
  await t('updateConversation: tags of both, participants', async () => {
    await asLoop.updateConversation({ id: room.id, tags: { [tag('room')]: 'blue' }, participantIds: [ann.id] });
    assert.deepEqual((await asBot.updateConversation({ id: room.id, tags: { topic: 'weather' } })).conversation.tags, { [tag('id')]: 'C1', [tag('room')]: 'blue', topic: 'weather' });
  });
  await t('listConversations: by tags, by participants', async () => {
    assert.deepEqual((await asBot.listConversations({ tags: { topic: 'weather' } })).conversations.map(one => one.id), [room.id]);
    if (version !== '0.0.11') assert.deepEqual((await asBot.listConversations({ participantIds: [ann.id] })).conversations.map(one => one.id), [room.id]);
    assert.equal((await all(nextToken => asBot.listConversations({ nextToken }), 'conversations')).length, 2);
  });
  await refused('an unknown channel', 'ReferenceNotFound', () => asLoop.createConversation({ channel: 'nope', tags: {} }));
  const say = (who, words, more) => who.createMessage({ conversationId: room.id, userId: who === asBot ? bot.id : ann.id, type: 'text', payload: { text: words }, tags: {}, ...more });
  const hello = (await t('createMessage: incoming, and the bot is told', async () => {
    const { message } = await say(asLoop, 'hello', { tags: { [tag('id')]: 'M1' } });
    assert.equal(message.direction, 'incoming');
    const [, { event }, headers] = await saw('event_received', sent => sent.event.payload.message && sent.event.payload.message.id === message.id);
    assert.deepEqual([event.type, event.payload.user.id, event.payload.conversation.id, headers['x-bp-type']], ['message_created', ann.id, room.id, 'message_created']);
    assert.deepEqual(JSON.parse(Buffer.from(headers['x-bp-configuration'], 'base64')), { tone: 'kind' });
    return message;
  }));
  const answer = (await t('createMessage: outgoing, and the integration is told', async () => {
    const { message } = await say(asBot, 'hello back', { tags: { rating: '5' } });
    assert.equal(message.direction, 'outgoing');
    const [, sent] = await saw('message_created', one => one.message.id === message.id);
    assert.deepEqual([sent.type, sent.payload, sent.conversation.id, sent.user.id], ['text', { text: 'hello back' }, room.id, bot.id]);
    return message;
  }));
  await t('createMessage: scheduled', async () => {
    const { message } = await say(asLoop, 'later', { schedule: { delay: 1200 } });
    const at = Date.now();
    await saw('event_received', sent => sent.event.payload.message && sent.event.payload.message.id === message.id);
    assert.ok(Date.now() - at > 700);
    await asBot.deleteMessage({ id: message.id });
  });
  await t('getOrCreateMessage', async () => {
    const body = { conversationId: room.id, userId: ann.id, type: 'text', payload: { text: 'once' }, tags: { [tag('id')]: 'M2' } };
    const [first, again] = [await asLoop.getOrCreateMessage(body), await asLoop.getOrCreateMessage(body)];
    assert.equal(first.message.id, again.message.id);
  });
  await t('getMessage', async () => assert.deepEqual((await asBot.getMessage({ id: hello.id })).message.payload, { text: 'hello' }));
  await t('updateMessage', async () => assert.deepEqual((await asLoop.updateMessage({ id: answer.id, tags: { [tag('id')]: 'M3' } })).message.tags, { rating: '5', [tag('id')]: 'M3' }));
  await t('listMessages: newest first, pages, tags', async () => {
    for (let i = 0; i < 42; i++) await say(asLoop, `n${i}`);
    const found = await all(nextToken => asBot.listMessages({ nextToken, conversationId: room.id }), 'messages');
    assert.deepEqual([found.length, new Set(found.map(one => one.id)).size], [45, 45]);
    assert.deepEqual(found.slice(0, 42).map(one => one.payload.text), Array.from({ length: 42 }, (_, i) => `n${41 - i}`));
    assert.deepEqual((await asBot.listMessages({ tags: { [tag('id')]: 'M3' } })).messages.map(one => one.id), [answer.id]);
    assert.equal((await asBot.listMessages({ conversationId: other.id })).messages.length, 0);
  });
  await t('deleteMessage', () => asBot.deleteMessage({ id: hello.id }));
  await refused('a deleted message', 'ResourceNotFound', () => asBot.getMessage({ id: hello.id }));
  await refused('a payload that is no text', 'InvalidDataFormat', () => say(asBot, 5));
  await refused('an unknown conversation', 'ReferenceNotFound', () => say(asBot, 'x', { conversationId: 'nope' }));
  const event = (await t('createEvent, and the bot is told', async () => {
    const made = (await asBot.createEvent({ type: 'noticed', payload: { n: 7 } })).event;
    const [, sent] = await saw('event_received', one => one.event.id === made.id);
    assert.deepEqual(sent.event.payload, { n: 7 });
    return made;
  }));
  await t('createEvent: of the integration, at a time', async () => {
    const made = (await asLoop.createEvent({ type: 'rang', payload: {}, schedule: { dateTime: new Date(Date.now() + 900).toISOString() } })).event;
    assert.equal(made.type, tag('rang'));
    await saw('event_received', one => one.event.id === made.id);
  });
  await t('getEvent', async () => assert.equal((await asBot.getEvent({ id: event.id })).event.type, 'noticed'));
  await t('listEvents', async () => {
    // 0.0.11 leaves the filter out of what it sends
    if (version !== '0.0.11') assert.deepEqual((await asBot.listEvents({ type: 'noticed' })).events.map(one => one.id), [event.id]);
    assert.ok((await all(nextToken => asBot.listEvents({ nextToken }), 'events')).length > 44);
  });
  await refused('an undeclared event', 'ReferenceNotFound', () => asBot.createEvent({ type: 'nobody', payload: {} }));
  await refused('an event that does not fit', 'InvalidDataFormat', () => asBot.createEvent({ type: 'noticed', payload: { n: 'x' } }));
  await t('setState, getState, patchState', async () => {
    await asBot.setState({ type: 'user', id: ann.id, name: 'mood', payload: { text: 'glad' } });
    assert.deepEqual((await asBot.getState({ type: 'user', id: ann.id, name: 'mood' })).state.payload, { text: 'glad' });
    await asBot.setState({ type: 'bot', id: bot.id, name: 'plan', payload: { a: 1, b: 2 } });
    assert.deepEqual((await asBot.patchState({ type: 'bot', id: bot.id, name: 'plan', payload: { b: 3 } })).state.payload, { a: 1, b: 3 });
    await asLoop.setState({ type: 'integration', id: loop.id, name: 'memory', payload: { seen: 1 } });
    await asLoop.setState({ type: 'conversation', id: room.id, name: 'seat', payload: { text: 'A1' } });
    assert.deepEqual((await asLoop.getState({ type: 'integration', id: loop.id, name: 'memory' })).state.payload, { seen: 1 });
  });
  await t('setState: null clears', () => asBot.setState({ type: 'user', id: ann.id, name: 'mood', payload: null }));
  await refused('a cleared state', 'ResourceNotFound', () => asBot.getState({ type: 'user', id: ann.id, name: 'mood' }));
  await refused('a state that does not fit', 'InvalidDataFormat', () => asBot.setState({ type: 'user', id: ann.id, name: 'mood', payload: { text: 1 } }));
  await refused('too large a state', 'PayloadTooLarge', () => asBot.setState({ type: 'bot', id: bot.id, name: 'plan', payload: { a: 'x'.repeat(140000) } }));
  await t('state_expired', async () => {
    await asBot.setState({ type: 'user', id: ann.id, name: 'mood', payload: { text: 'tired' }, expiry: 1000 });
    const [, sent] = await saw('event_received', one => one.event.type === 'state_expired');
    assert.deepEqual(sent.event.payload.state.payload, { text: 'tired' });
    await refused('an expired state', 'ResourceNotFound', () => asBot.getState({ type: 'user', id: ann.id, name: 'mood' }));
  });
  await t('callAction', async () => assert.deepEqual((await asBot.callAction({ type: `${name}:shout`, input: { text: 'hey' } })).output, { text: 'HEY' }));
  await refused('an action that refuses', 'Runtime', () => asBot.callAction({ type: `${name}:shout`, input: { text: 'no' } }));
  await refused('an input that does not fit', 'InvalidDataFormat', () => asBot.callAction({ type: `${name}:shout`, input: {} }));
  const words = '{"a":"ä"}';
  const file = (await t('createFile', async () => (await asBot.createFile({ botId: bot.id, name: 'a.json', accessType: 'private', contents: Buffer.from(words).toString('base64') })).file));
  await t('getFile', async () => assert.equal((await asBot.getFile({ id: file.id })).file.size, Buffer.from(words).length));
  await t('listFiles', async () => assert.deepEqual((await all(nextToken => asBot.listFiles({ nextToken, botId: bot.id }), 'files')).map(one => one.id), [file.id]));
  await t('downloadFile', async () => assert.deepEqual(await asBot.downloadFile({ id: file.id }), { a: 'ä' }));
  await t('createFile: public', async () => {
    const bytes = Buffer.from([0, 255, 254, 10, 13, 137]);
    const shown = (await asBot.createFile({ botId: bot.id, name: 'p.png', accessType: 'public', contents: bytes.toString('base64') })).file;
    const came = await fetch(shown.publicUrl);
    assert.deepEqual(Buffer.from(await came.arrayBuffer()), bytes);
    await asBot.deleteFile({ id: shown.id });
    assert.equal((await fetch(shown.publicUrl)).status, 404);
  });
  await t('deleteFile', () => asBot.deleteFile({ id: file.id }));
  await refused('a deleted file', 'ResourceNotFound', () => asBot.downloadFile({ id: file.id }));
  await t('getBotAnalytics', async () => {
    const day = 86400000, now = Date.now();
    const { records } = await admin.getBotAnalytics({ id: bot.id, startDate: new Date(now - day).toISOString(), endDate: new Date(now + 1000).toISOString() });
    assert.ok(records.reduce((sum, one) => sum + one.messages, 0) >= 44);
  });
  await t('deleteConversation: its messages are out of sight', async () => {
    const inside = (await say(asLoop, 'last')).message.id;
    await asBot.deleteConversation({ id: room.id });
    await refused('a message of a deleted conversation', 'ResourceNotFound', () => asBot.getMessage({ id: inside }));
    assert.equal((await asBot.listMessages({})).messages.length, 0);
  });
}

async function end({ bot, loop, open, second }, admin) {
  await t('updateBot: null removes an integration', async () => {
    await admin.updateBot({ id: bot.id, integrations: { [loop.id]: null } });
    await saw('unregister');
    await until('gone', async () => !(loop.id in (await admin.getBot({ id: bot.id })).bot.integrations));
  });
  await t('deleteIntegration', async () => { await admin.deleteIntegration({ id: loop.id }); await admin.deleteIntegration({ id: open.id }); });
  await refused('a deleted integration', 'ResourceNotFound', () => admin.getIntegration({ id: loop.id }));
  await t('deleteBot', () => admin.deleteBot({ id: bot.id }));
  await refused('a deleted bot', 'ResourceNotFound', () => admin.getBot({ id: bot.id }));
  await refused('a deleted bot at run time', 'ResourceNotFound', () => clientOf({ botId: bot.id }).listUsers({}));
  if (admin.deleteWorkspace) await t('deleteWorkspace: second', () => admin.deleteWorkspace({ id: second.id }));
}

(async () => {
  await new Promise(ready => sink.listen(0, '127.0.0.1', ready));
  const admin = clientOf({});
  const made = await administer(admin, `http://127.0.0.1:${sink.address().port}`);
  await converse(made, admin);
  await end(made, admin);
  const plain = new lib.Client(host);
  const left = Object.keys(plain).filter(one => typeof plain[one] === 'function' && !called.has(one)).sort();
  await t('every other call was made', async () => assert.deepEqual(left, [...outside[version]].sort()));
  for (const one of left) await refused(`outside: ${one}`, 'ResourceNotFound', () => plain[one]({ id: 'x', email: 'a@example.com' }));
  console.log(JSON.stringify(log));
  process.exit(0);
})().catch(e => { console.log(JSON.stringify([...log, ['crash', 'FAIL', String(e.stack).slice(0, 900)]])); process.exit(0); });
