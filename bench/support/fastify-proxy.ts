// A process: @fastify/http-proxy in front of a venue, as its readme sets it up. It forwards and decides nothing.
// Usage: node bench/support/fastify-proxy.ts <port of the venue>
import proxy from '@fastify/http-proxy';
import Fastify from 'fastify';

const app = Fastify({ logger: false });
await app.register(proxy, { upstream: `http://127.0.0.1:${Number(process.argv[2])}` });
const url = await app.listen({ host: '127.0.0.1', port: 0 });
process.stdout.write(`listening on ${url}\n`);
process.once('SIGTERM', () => process.exit(0));
