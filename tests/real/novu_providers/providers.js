// Runs the surface's own provider classes. One line of JSON in: {provider, config, options}; one line out: {id} or
// {error}. Every connection, whatever its name, goes to the port given on the command line.
const net = require('net');
const tls = require('tls');
const readline = require('readline');

const port = Number(process.argv[2]);
const here = { host: '127.0.0.1', port, path: undefined, lookup: undefined, rejectUnauthorized: false };
const secure = tls.connect;
tls.connect = (...given) => {
  const options = given.find((one) => one && typeof one === 'object') || {};
  const name = options.servername || options.host || given.find((one) => typeof one === 'string');
  const then = given.find((one) => typeof one === 'function');
  return secure({ ...options, ...here, servername: net.isIP(name || '') ? undefined : name }, then);
};

const providers = require('@novu/providers');
const buffers = (options) => {
  for (const one of options.attachments || []) one.file = Buffer.from(one.file, 'base64');
  return options;
};

async function run(line) {
  const { provider, config, options } = JSON.parse(line);
  try {
    return { id: (await new providers[provider](config).sendMessage(buffers(options))).id };
  } catch (error) {
    return { error: String((error && error.message) || error).slice(0, 500) };
  }
}

(async () => {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await run(line))}\n`);
  }
  process.exit(0);
})();
