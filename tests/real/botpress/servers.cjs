// An echo bot and a loop-back integration, built with the SDK; what the integration delivers is posted to `outside`.
// node servers.cjs <bot port> <integration port> <outside url>; BP_API_URL and BP_TOKEN as for every SDK program
const { Bot, Integration, IntegrationDefinition, messages } = require('@botpress/sdk');
const { RuntimeError } = require('@botpress/client'); // the SDK's own
const { z } = require('zod');
const axios = require('axios');
const [, , botPort, integrationPort, outside] = process.argv;
for (const level of ['debug', 'info', 'log']) console[level] = () => undefined;

const bot = new Bot({});
bot.message('', async ({ client, message, ctx }) => {
  const reply = { text: `echo ${message.payload.text}` };
  await client.createMessage({
    conversationId: message.conversationId, userId: ctx.botId, type: 'text', payload: reply, tags: {},
  });
});

bot.stateExpired('', ({ state }) => axios.post(outside, { expired: state.payload }));

const creation = { enabled: true, requiredTags: ['id'] };
const definition = new IntegrationDefinition({
  name: 'loop', version: '0.0.1', public: false, tags: { users: ['id'] },
  configuration: { schema: z.object({ greeting: z.string().optional() }) },
  user: { creation },
  channels: {
    room: {
      messages: messages.defaults, tags: { messages: ['ts', 'out'], conversations: ['id'] }, conversation: { creation },
    },
  },
  actions: { ask: { input: { schema: z.object({ a: z.number(), fail: z.string().optional() }) }, output: { schema: z.object({ got: z.any() }) } } },
});

const integration = new Integration({
  register: ({ webhookUrl }) => axios.post(outside, { registered: webhookUrl }),
  unregister: ({ webhookUrl }) => axios.post(outside, { unregistered: webhookUrl }),
  createUser: async ({ client, tags }) => {
    const { user } = await client.getOrCreateUser({ tags });
    return { status: 200, body: JSON.stringify({ user: { id: user.id } }) };
  },
  createConversation: async ({ client, channel, tags }) => {
    const { conversation } = await client.getOrCreateConversation({ channel, tags });
    return { status: 200, body: JSON.stringify({ conversation: { id: conversation.id } }) };
  },
  actions: {
    ask: async ({ input }) => {
      if (input.fail) throw new RuntimeError(input.fail);
      return { got: input };
    },
  },
  channels: {
    room: {
      messages: {
        text: async ({ payload, message, conversation, ack }) => {
          await axios.post(outside, { text: payload.text, id: message.id, room: conversation.tags['loop:id'] });
          await ack({ tags: { 'loop:out': message.id } });
        },
      },
    },
  },
  handler: async ({ req, client }) => {
    const { room, text } = JSON.parse(req.body);
    const { conversation } = await client.getOrCreateConversation({ channel: 'room', tags: { 'loop:id': room } });
    const { user } = await client.getOrCreateUser({ tags: { 'loop:id': room } });
    const said = { conversationId: conversation.id, userId: user.id, type: 'text', payload: { text } };
    await client.getOrCreateMessage({ ...said, tags: { 'loop:ts': text } });
    return { status: 200, body: 'ok' };
  },
});

Promise.all([bot.start(Number(botPort)), integration.start(Number(integrationPort))])
  .then(() => process.stdout.write(`${JSON.stringify(definition)}\n`));
