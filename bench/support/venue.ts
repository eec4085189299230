// A process: the cheapest venue there is. It answers every request with the same 200 bytes of JSON, so that what is measured in
// front of it is the gateway. It reads no more of HTTP than where a request ends, and is no example to follow.
import { createServer } from 'node:net';

const BODY_BYTES = 200;
const EMPTY = JSON.stringify({ results: [{ token: 'USDC', size: '1000000.12345678', note: '' }] });
const BODY = EMPTY.replace('""', `"${'x'.repeat(BODY_BYTES - Buffer.byteLength(EMPTY))}"`);
const ANSWER = Buffer.from(
  `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${BODY_BYTES}\r\nConnection: keep-alive\r\n\r\n${BODY}`,
);

const server = createServer({ noDelay: true }, (socket) => {
  let unread = '';
  socket.setEncoding('latin1').on('error', () => undefined);
  socket.on('data', (chunk: string) => {
    unread += chunk;
    for (;;) {
      const headEnd = unread.indexOf('\r\n\r\n');
      if (headEnd === -1) return;
      const [, length = '0'] = /\r\ncontent-length: *(\d+)/i.exec(unread.slice(0, headEnd)) ?? [];
      const end = headEnd + 4 + Number(length);
      if (unread.length < end) return;
      unread = unread.slice(end);
      socket.write(ANSWER);
    }
  });
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  process.stdout.write(`listening on http://127.0.0.1:${port}\n`);
});
process.once('SIGTERM', () => process.exit(0));
