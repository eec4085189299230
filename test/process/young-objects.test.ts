// What a request needs dies with it: nothing long-lived of the server lists requests in a Set or a Map, whose outgrown tables would keep
// them alive. V8 itself says what of the allocated bytes reached the old generation.
import { once } from 'node:events';
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, expect, onTestFinished, test } from 'vitest';
import { loginHeaders } from '../../src/client/sign-in.ts';
import { homeIn, MAIN } from '../support/server-process.ts';
import { endEverythingStarted, start } from '../support/start-project.ts';
import { removeFolders, temporaryFolder } from '../support/temporary-folder.ts';
import { hasher, mainSession, newWindow, onboard, starkTrader } from '../support/trader.ts';

afterEach(endEverythingStarted);
afterAll(removeFolders);

const CONNECTIONS = 16;
/** Of each kind, unmeasured and measured: what is compiled or kept once for all grows old by right. */
const REQUESTS = 2000;
/** Of all allocated bytes. It is 1 in 300; with a Set of the responses under way, or a WeakMap of requests, it was 1 in 12. */
const MAY_GROW_OLD = 0.03;

test('of what requests allocate, next to nothing grows old', async () => {
  const venue = createServer((_request, response) => void response.end('{"results":[]}')).listen(0, '127.0.0.1');
  onTestFinished(() => void venue.close());
  await once(venue, 'listening');
  const home = homeIn(temporaryFolder('young'));
  const server = start(
    process.execPath,
    [
      '--trace-gc-nvp',
      MAIN,
      'serve',
      '--port=0',
      `--data=${home.data}`,
      `--master_key.file=${home.key}`,
      `--upstream=http://127.0.0.1:${(venue.address() as AddressInfo).port}`,
      '--rate-limit=off',
      '--engine.workers=0',
    ],
    { cwd: home.tmp, env: { TMPDIR: home.tmp } },
  );
  const [, url = ''] = await server.printed(/^listening on (http:\S+)$/m);
  const owner = starkTrader();
  await onboard(url, owner);
  const bearer = { Authorization: `Bearer ${await mainSession(url, owner)}` };
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  onTestFinished(() => agent.destroy());

  const kinds: readonly { method: string; path: string; headers: Record<string, string> }[] = [
    { method: 'GET', path: '/v1/balance', headers: bearer },
    { method: 'GET', path: '/countersign/v1/self', headers: bearer },
    { method: 'GET', path: '/v1/system/time', headers: {} },
    { method: 'POST', path: '/v1/auth', headers: loginHeaders(hasher, owner.key, owner.account, newWindow()) },
  ];
  const send = async (): Promise<void> => {
    let sent = 0;
    const client = async (): Promise<void> => {
      for (let n = sent++; n < kinds.length * REQUESTS; n = sent++) {
        const { path, ...options } = kinds[n % kinds.length] ?? { path: '/' };
        const asked = request(`${url}${path}`, { ...options, agent }).end();
        const [response] = await once(asked, 'response');
        expect(response.statusCode).toBe(200);
        await once(response.resume(), 'end');
      }
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, client));
  };
  await send();
  const seen = scavenges(server.stdout()).length;
  await send();
  const measured = scavenges(server.stdout()).slice(seen);
  const sum = (of: (scavenge: Scavenge) => number): number => measured.reduce((total, one) => total + of(one), 0);
  expect(measured.length).toBeGreaterThan(1);
  expect(sum(({ promoted }) => promoted)).toBeLessThan(MAY_GROW_OLD * sum(({ allocated }) => allocated));
});

/** In bytes. */
interface Scavenge {
  readonly allocated: number;
  readonly promoted: number;
}

const scavenges = (printed: string): Scavenge[] =>
  [...printed.matchAll(/ gc=s .* allocated=(\d+) promoted=(\d+) /g)].map(([, allocated, promoted]) => ({
    allocated: Number(allocated),
    promoted: Number(promoted),
  }));
