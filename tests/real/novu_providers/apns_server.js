// A real HTTP/2 server in the place of Apple's: prints its port, then every request as a line of JSON. A device token
// that begins with a status gets that status.
const fs = require('fs');
const http2 = require('http2');

const pem = fs.readFileSync(process.argv[2]);
const server = http2.createSecureServer({ key: pem, cert: pem });
server.on('stream', (stream, headers) => {
  const chunks = [];
  stream.on('data', (chunk) => chunks.push(chunk));
  stream.on('end', () => {
    const shown = { headers: { ...headers }, session: stream.session.socket.remotePort };
    process.stdout.write(`${JSON.stringify({ ...shown, body: Buffer.concat(chunks).toString() })}\n`);
    const status = Number((/^\/3\/device\/([45]\d\d)/.exec(headers[':path']) || [])[1] || 200);
    const id = headers['apns-id'] || '00000000-0000-4000-8000-000000000000';
    stream.respond({ ':status': status, 'apns-id': id, ...(status === 429 ? { 'retry-after': '77' } : {}) });
    stream.end(status === 200 ? '' : JSON.stringify({ reason: `Reason${status}` }));
  });
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`));
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
