// A process: a venue that takes its time, and has one answer that is large. Like venue.ts it reads no more of HTTP than it must.
// Usage: node bench/support/slow-venue.ts <milliseconds per answer> <bytes of GET /v1/markets>
import { createServer } from 'node:http';

const [delayMs = 0, largeBytes = 0] = process.argv.slice(2).map(Number);
const large = Buffer.alloc(largeBytes, 'x');
const small = JSON.stringify({ results: [] });

const server = createServer((request, response) => {
  request.resume().on('error', () => undefined);
  const body = request.url === '/v1/markets' ? large : small;
  const answer = (): void => {
    response
      .writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) })
      .end(body);
  };
  request.on('end', () => {
    if (delayMs === 0) answer();
    else setTimeout(answer, delayMs);
  });
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  process.stdout.write(`listening on http://127.0.0.1:${port}\n`);
});
process.once('SIGTERM', () => process.exit(0));
