// Run in a network namespace of its own that has the addresses named here: a service, and clients from many /64s of one /48. It
// prints, as JSON, how many connections of them were left open, and what others were answered.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { startService } from './harness.ts';
import { exchange } from './raw-http.ts';

const service = await startService({
  settings: {
    'server.host': '::',
    'http.max_connections': '40',
    'http.max_connections_per_address': '8',
  },
});

const SITE_64S = 8;
const EACH = 8;
async function openFrom(localAddress: string): Promise<Socket> {
  const socket = connect({ host: '2001:db8:ffff::1', port: service.port, localAddress });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

const stillOpen = (sockets: readonly Socket[]): number => sockets.filter((socket) => !socket.closed).length;

/** The status of an answer, or 'closed'. */
async function ask(socket: Socket): Promise<string> {
  socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
  return Promise.race([
    once(socket, 'data').then(([bytes]) => /\d{3}/.exec(String(bytes))?.[0] ?? ''),
    once(socket, 'close').then(() => 'closed'),
  ]);
}

const ofOneHost = await Promise.all(Array.from({ length: 10 }, () => openFrom('2001:db8:2:1::1')));
// What was accepted before it is known here once a second answer came.
for (let i = 0; i < 2; i += 1) await ask(ofOneHost.at(-1) ?? (await openFrom('2001:db8:2:1::1')));
const byHost = stillOpen(ofOneHost);
for (const socket of ofOneHost) socket.destroy();

const ofOneSite: Socket[] = [];
for (let n = 0; n < SITE_64S * EACH; n += 1) ofOneSite.push(await openFrom(`2001:db8:1:${n % SITE_64S}::1`));
const last = ofOneSite.at(-1);
const newest: string[] = [];
for (let i = 0; i < 2; i += 1) newest.push(last === undefined ? '' : await ask(last));
const bySite = stillOpen(ofOneSite);

const answered: string[] = [];
for (const address of ['2001:db8:3::1', '2001:db8:4::1']) answered.push(await ask(await openFrom(address)));
// An IPv4 client of the same listener.
answered.push(
  String((await exchange(service.port, 'GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')).status),
);
process.stdout.write(`${JSON.stringify({ byHost, bySite, newest, answered })}\n`, () => process.exit(0));
