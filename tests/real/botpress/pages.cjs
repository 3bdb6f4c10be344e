// Many users and messages, listed page by page while others are inserted; prints {made, seen, twice, missing} for each.
// node pages.cjs <url> <bot> <integration> <users> <messages>
const { Client } = require('client-0.1.3');
const [, , host, botId, integrationId, users, messages] = process.argv;
const as = new Client({ host, botId, integrationId, token: 'default' });

async function many(count, make) {
  const made = [];
  let next = 0;
  const worker = async () => {
    while (next < count) made.push(await make(next++));
  };
  await Promise.all(Array.from({ length: 16 }, worker));
  return made;
}

async function all(list, insert) {
  const seen = [];
  let token;
  do {
    const [page] = await Promise.all([list(token), insert()]);
    seen.push(...page.found);
    token = page.meta.nextToken;
  } while (token);
  return seen;
}

function judge(made, seen) {
  const there = new Set(seen);
  return { made: made.length, seen: seen.length, twice: seen.length - there.size, missing: made.filter((id) => !there.has(id)).length };
}

(async () => {
  const { conversation } = await as.createConversation({ channel: 'room', tags: {} });
  const person = async (n) => (await as.createUser({ tags: { 'loop:id': `p${n}` } })).user.id;
  const people = await many(Number(users), person);
  const said = { conversationId: conversation.id, userId: people[0], type: 'text', payload: { text: 'x' }, tags: {} };
  const speak = async () => (await as.createMessage(said)).message.id;
  const words = await many(Number(messages), speak);
  let late = 0;
  const foundUsers = await all(
    async (nextToken) => { const page = await as.listUsers({ nextToken }); return { found: page.users.map((one) => one.id), meta: page.meta }; },
    () => person(`late${late++}`),
  );
  const foundWords = await all(
    async (nextToken) => {
      const page = await as.listMessages({ nextToken, conversationId: conversation.id });
      return { found: page.messages.map((one) => one.id), meta: page.meta };
    },
    speak,
  );
  console.log(JSON.stringify({ users: judge(people, foundUsers), messages: judge(words, foundWords) }));
})();
