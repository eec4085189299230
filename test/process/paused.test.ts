// A server process that stands still (SIGSTOP) between the decision and the send, while the revocation of the credential and more
// requests pile up in its sockets. Whatever order it finds them in when it goes on: nothing leaves for the venue after the 200, and
// the receipt counts exactly what had left. The moments follow from a seed, which is printed; PAUSE_SEED repeats one.
import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, describe, expect, onTestFinished, test } from 'vitest';
import { homeIn, type Server, startServer } from '../support/server-process.ts';
import { endEverythingStarted } from '../support/start-project.ts';
import { removeFolders, temporaryFolder } from '../support/temporary-folder.ts';
import { mainSession, onboard, registerSubkey, starkTrader, subkeySession } from '../support/trader.ts';

afterEach(endEverythingStarted);
afterAll(removeFolders);

/** A body that the gateway streams to the venue: it collects no more than 64 KiB. */
const UPLOAD_BYTES = 200_000;

const seed = Number(process.env.PAUSE_SEED ?? randomInt(2 ** 32));
const random = randomFrom(seed);
const some = (most: number): number => 1 + Math.floor(random() * most);

// Windows has no SIGSTOP.
describe.skipIf(process.platform === 'win32')(
  'after the 200 of a revocation nothing of its credential reaches the venue',
  () => {
    test('when the process was paused with requests that wait for a connection', async () => {
      const world = await openWorld(['--upstream.connections=1']);
      const counts = { left: 0, waited: 0 };
      for (let round = 0; round < 8; round += 1) {
        const trader = await world.newSubkey();
        // The only connection is taken, so whatever is allowed from here on is decided and not sent.
        const first = world.send(world.bystander, [request('GET', '/v1/positions')]);
        await world.venue.has(world.bystanderKey, round * 2 + 1);
        const waiting = Array.from({ length: 4 }, () => world.send(trader, someRequests(3)));
        await world.fence();
        const behind = world.send(world.bystander, [request('GET', '/v1/fills')]);
        await world.fence();
        expect(world.venue.heads(trader.key)).toBe(0);

        await world.pause();
        const later: Sent[] = [];
        await inAnyOrder([
          () => world.venue.answer(world.bystanderKey),
          () => world.askRevocation(trader),
          () => void later.push(world.send(trader, someRequests(3))),
          () => world.resume(),
        ]);
        counts.left += await world.checkRevoked(trader, [...waiting, ...later]);
        counts.waited += waiting.reduce((sum, { count }) => sum + count, 0);
        // Who waited in the same queue goes on, and gets the connection.
        await world.venue.has(world.bystanderKey, round * 2 + 2);
        world.venue.answer(world.bystanderKey);
        for (const sent of [first, behind]) expect(await sent.answered()).toEqual([200]);
      }
      process.stdout.write(
        `paused, seed ${seed}: of ${counts.waited} waiting requests ${counts.left} left before the 200\n`,
      );
    });

    test('when the process was paused at any moment, with requests everywhere on their way', async () => {
      const world = await openWorld(['--upstream.connections=16']);
      const counts = { left: 0, all: 0 };
      for (let round = 0; round < 10; round += 1) {
        const before = counts.left;
        const trader = await world.newSubkey();
        const sent = Array.from({ length: 8 }, () => world.send(trader, someRequests(6)));
        const upload = world.send(trader, [
          `${head('POST', '/v1/orders', 'Connection: close\r\nTransfer-Encoding: chunked\r\n')}`,
        ]);
        for (let bytes = 0; bytes < UPLOAD_BYTES; bytes += 20_000) upload.more(chunk(20_000));
        const others = world.send(world.bystander, someRequests(4));
        // Nobody can tell what it is doing then; but once it has begun for sure, however slow the machine is.
        if (round === 0) await world.venue.has(trader.key, 1);
        await delay(random() * 14);

        await world.pause();
        const later: Sent[] = [];
        await inAnyOrder([
          () => world.askRevocation(trader),
          () => void later.push(world.send(trader, someRequests(6))),
          () => upload.more(chunk(20_000)),
          () => world.venue.answer(world.bystanderKey),
          () => world.resume(),
        ]);
        const all = [...sent, ...later, upload];
        counts.left += await world.checkRevoked(trader, all);
        // However fast it is: what comes after the 200 does not leave.
        const late = world.send(trader, someRequests(3));
        for (const state of await late.answered()) expect(state).toBe(401);
        expect(world.venue.heads(trader.key)).toBe(counts.left - before);
        counts.all += [...all, late].reduce((sum, { count }) => sum + count, 0);
        while (others.unanswered() > 0) {
          world.venue.answer(world.bystanderKey);
          await delay(1);
        }
        expect(new Set(await others.answered())).toEqual(new Set([200]));
      }
      process.stdout.write(`paused, seed ${seed}: of ${counts.all} requests ${counts.left} left before the 200\n`);
      // Neither all before the pause nor none: the pauses came in the middle.
      expect(counts.left).toBeGreaterThan(0);
      expect(counts.left).toBeLessThan(counts.all);
    });
  },
);

/** A credential as the venue knows it, and its session. */
interface Trader {
  readonly key: string;
  readonly session: string;
}

interface Sent {
  /** Requests, those sent as `more` not included. */
  readonly count: number;
  more(bytes: string): void;
  unanswered(): number;
  /** The statuses, once each request has its answer; those that lost their connection have none. */
  answered(): Promise<number[]>;
}

const head = (method: string, path: string, more = ''): string =>
  `${method} ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {session}\r\n${more}\r\n`;
const request = (method: string, path: string, body = ''): string =>
  head(method, path, body === '' ? '' : `Content-Length: ${body.length}\r\n`) + body;
const chunk = (bytes: number): string => `${bytes.toString(16)}\r\n${'x'.repeat(bytes)}\r\n`;
const someRequests = (most: number): string[] =>
  Array.from({ length: some(most) }, () =>
    random() < 0.5 ? request('GET', '/v1/balance') : request('POST', '/v1/orders', `{"n":${random()}}`),
  );

async function openWorld(settings: readonly string[]) {
  const venue = await startVenue();
  const home = homeIn(temporaryFolder('paused'));
  const server = await startServer(home, [
    '--upstream',
    venue.url,
    '--orders.verify=off',
    '--log.level=warn',
    ...settings,
  ]);
  const { url } = server;
  const port = Number(new URL(url).port);
  const owner = starkTrader();
  await onboard(url, owner);
  const session = await mainSession(url, owner);
  const bystander: Trader = { key: owner.account, session };
  /** Open before anything stands still. */
  const control = converse(port);
  const probe = converse(port);
  let registered = 0;

  function send(trader: Trader, requests: readonly string[]): Sent {
    const conversation = converse(port);
    conversation.send(requests.join('').replaceAll('{session}', trader.session));
    const count = requests.length;
    return {
      count,
      more: (bytes) => conversation.send(bytes),
      unanswered: () => (conversation.over() ? 0 : count - conversation.answers().length),
      async answered() {
        await conversation.until(count);
        return conversation.answers().map(({ status }) => status);
      },
    };
  }

  return {
    venue,
    bystander,
    bystanderKey: bystander.key,
    send,
    async newSubkey(): Promise<Trader> {
      registered += 1;
      const subkey = await registerSubkey(url, owner, session, { name: `bot ${registered}` });
      return { key: subkey.publicKey, session: await subkeySession(url, owner.account, subkey) };
    },
    /** Everything that stood in the server's sockets before this was called has been read when it resolves. */
    async fence() {
      // One turn of its loop accepts, one reads, and within one the order of sockets is anybody's guess.
      for (let turn = 0; turn < 3; turn += 1) {
        const { length } = probe.answers();
        probe.send('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
        await probe.until(length + 1);
      }
    },
    pause: () => pause(server),
    resume: () => server.signal('SIGCONT'),
    askRevocation({ key }: Trader) {
      control.send(request('DELETE', `/v1/account/keys/subkeys/${key}`).replaceAll('{session}', session));
    },
    /** Waits for the 200 and for the end of all that was sent; returns how many requests had left. */
    async checkRevoked({ key }: Trader, sent: readonly Sent[]): Promise<number> {
      await control.until(registered);
      const { status, head: answer } = control.answers()[registered - 1] ?? { status: 0, head: '' };
      expect(status, answer).toBe(200);
      const inFlight = Number(/^countersign-revocation: .*in_flight=(\d+)\r$/im.exec(answer)?.[1]);
      // It stands still again while the venue reads all that had left by now, one new connection in each turn of the loop.
      await pause(server);
      const arrived = await venue.settled(key);
      server.signal('SIGCONT');
      for (const one of sent) for (const state of await one.answered()) expect(state).toBe(401);
      await this.fence();
      expect(await venue.settled(key)).toEqual(arrived);
      // This venue answered none of them, so each that left was in flight.
      expect(arrived.heads).toBe(inFlight);
      return inFlight;
    },
  };
}

/** Resolves when the process stands still. */
async function pause(server: Server): Promise<void> {
  server.signal('SIGSTOP');
  const file = `/proc/${server.pid}/stat`;
  const state = (): string =>
    existsSync(file)
      ? (/\) (\S)/.exec(readFileSync(file, 'utf8'))?.[1] ?? '')
      : execFileSync('ps', ['-o', 'state=', '-p', String(server.pid)], { encoding: 'utf8' });
  while (!state().startsWith('T')) await delay(1);
}

interface Answered {
  readonly status: number;
  readonly head: string;
}

/** A connection and the answers that came over it, by their own framing. */
function converse(port: number) {
  const socket = connect({ host: '127.0.0.1', port });
  onTestFinished(() => void socket.destroy());
  const answers: Answered[] = [];
  let received = '';
  let over = false;
  let wake = (): void => undefined;
  socket.setEncoding('latin1').on('data', (text: string) => {
    received += text;
    for (;;) {
      const end = received.indexOf('\r\n\r\n');
      const length = Number(/^content-length: (\d+)\r$/im.exec(received.slice(0, end + 2))?.[1] ?? 'NaN');
      if (end === -1 || received.length < end + 4 + length) break;
      if (Number.isNaN(length)) throw new Error(`an answer without its length: ${received}`);
      answers.push({ status: Number(received.slice(9, 12)), head: received.slice(0, end + 2) });
      received = received.slice(end + 4 + length);
    }
    wake();
  });
  socket
    .on('error', () => undefined)
    .on('close', () => {
      over = true;
      wake();
    });
  return {
    send: (bytes: string) => void socket.write(bytes),
    answers: (): readonly Answered[] => answers,
    over: () => over,
    /** Resolves with so many answers, or with the connection's end. */
    async until(count: number) {
      while (answers.length < count && !over) await new Promise<void>((resolve) => (wake = resolve));
    },
  };
}

/** Records whose heads and bytes arrive, and answers only when it is told to. */
async function startVenue() {
  const heads = new Map<string, number>();
  const bytes = new Map<string, number>();
  const held = new Map<string, ServerResponse[]>();
  let wake = (): void => undefined;
  const server = createServer((request, response) => {
    const key = String(request.headers['countersign-credential']);
    heads.set(key, (heads.get(key) ?? 0) + 1);
    held.set(key, [...(held.get(key) ?? []), response]);
    request.on('data', (chunk: Buffer) => bytes.set(key, (bytes.get(key) ?? 0) + chunk.length));
    wake();
  });
  server.keepAliveTimeout = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heads: (key: string): number => heads.get(key) ?? 0,
    /** What arrived, once nothing more has for many turns of the loop. */
    async settled(key: string) {
      const arrived = () => ({ heads: heads.get(key) ?? 0, bytes: bytes.get(key) ?? 0 });
      let last = arrived();
      for (let quiet = 0; quiet < 100; quiet += 1) {
        await new Promise((resolve) => setImmediate(resolve));
        const now = arrived();
        if (now.heads !== last.heads || now.bytes !== last.bytes) quiet = 0;
        last = now;
      }
      return last;
    },
    async has(key: string, count: number) {
      while ((heads.get(key) ?? 0) < count) await new Promise<void>((resolve) => (wake = resolve));
    },
    /** Answers what it holds of this credential. */
    answer(key: string) {
      for (const response of held.get(key)?.splice(0) ?? []) response.setHeader('Content-Length', 2).end('ok');
    },
  };
}

/** Some of it at once, some a moment later: undici itself lets a turn of the loop pass between two requests on a connection. */
async function inAnyOrder(acts: readonly (() => void)[]): Promise<void> {
  const shuffled = acts.map((act) => ({ act, at: random() })).sort((a, b) => a.at - b.at);
  for (const { act } of shuffled) {
    act();
    if (random() < 0.4) await delay(random() * 4);
  }
}

/** Numbers in [0, 1) that follow from the seed (mulberry32). */
function randomFrom(from: number): () => number {
  let state = from >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
