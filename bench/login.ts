// Logins over real HTTP: how many per second one core does, how long one takes, and what that was before the engine, when every
// signature was verified in plain JavaScript. It prints and asserts nothing.
// Usage: node bench/login.ts [--rounds=5] [--logins=2000] [--connections=16] [--accounts=200]
//
// A login is the whole of POST /v1/auth/{public_key}: account and key are looked up, the message is hashed, the signature is verified
// and a session is issued. Signatures are made before; their windows are open, and a login may be repeated (login.single_use is off).
// The load is a closed loop: every connection sends its next login when it has its answer.
import { join } from 'node:path';
import { type Measured, startLoad } from './support/load-client.ts';
import { median, ratio, rounded, spread } from './support/measure.ts';
import { pinned, type Running, start, temporaryFolder } from './support/processes.ts';
import { count, heading, onlyFlags, say, table } from './support/report.ts';
import { createSigner, loginBy, loginText, onboard, validFor } from './support/signers.ts';

onlyFlags('rounds', 'logins', 'connections', 'accounts');
const rounds = count('rounds', 5, 1000);
const logins = count('logins', 2000, 1_000_000);
const connections = count('connections', 16, 128);
const accounts = count('accounts', 200, 10_000);
/** A plain JavaScript login takes about 100 times as long: as many would take minutes. */
const PLAIN_SHARE = 1 / 40;

heading('Logins over HTTP');
say(
  `${rounds} rounds of ${logins} logins by ${accounts} accounts over ${connections} connections; ${
    pinned ? 'server on core 0, load on core 1' : 'not pinned to cores (taskset is missing, or there is one core)'
  }`,
);

interface Contender {
  readonly name: string;
  readonly share: number;
  readonly server: Running & { readonly port: number };
  readonly measured: Measured[];
}

/** Takes from the engine what it needs to start, and nothing that anything else needs. */
const WITHOUT_ENGINE = ['--import', 'data:text/javascript,WebAssembly.Memory=class{}'];

async function contender(name: string, share: number, nodeFlags: readonly string[]): Promise<Contender> {
  const folder = temporaryFolder();
  const main = join(import.meta.dirname, '..', 'src', 'main.ts');
  const settings = ['--port=0', '--rate-limit=off', '--log.level=error', '--engine.workers=0'];
  const files = [`--data=${join(folder, 'data')}`, `--master_key.file=${join(folder, 'master.key')}`];
  const running = start(process.execPath, ['--disable-sigusr1', ...nodeFlags, main, 'serve', ...settings, ...files], {
    core: 'server',
  });
  const [, port] = await running.printed(/^listening on http:\/\/127\.0\.0\.1:(\d+)/m);
  return { name, share, server: { ...running, port: Number(port) }, measured: [] };
}

const engine = await contender('with the engine', 1, []);
const plain = await contender('before: in plain JavaScript', PLAIN_SHARE, WITHOUT_ENGINE);
const contenders = [engine, plain];

const load = startLoad();
const signers = Array.from({ length: accounts }, createSigner);
const window = validFor(86_400);
const requests = signers.map(({ key, account }) =>
  loginText(loginBy(key, account, window), { path: `/v1/auth/${key.publicKey}` }),
);
for (const { server, share } of contenders) {
  for (const signer of share === 1 ? signers : signers.slice(0, 1))
    await onboard(`http://127.0.0.1:${server.port}`, signer);
}

const work = ({ server, share }: Contender, howMany: number) => ({
  port: server.port,
  connections,
  count: Math.max(connections, Math.round(howMany * share)),
  requests: share === 1 ? requests : requests.slice(0, 1),
  status: 200,
});
// Unmeasured first, so that everything is compiled, every connection open, and every key has signed often.
for (const one of contenders) await load.send(work(one, Math.max(logins, 6 * accounts)));
for (let round = 0; round < rounds; round += 1) {
  for (const one of contenders) one.measured.push(await load.measure(one.server, work(one, logins)));
}

const perCore = ({ measured }: Contender) => measured.map(({ cpu }) => 1e6 / cpu);
table(
  'Median (least..most) of the rounds. Logins/s per core is what the processor time of the server allows; the ratio compares it round by round.',
  ['server', 'logins/s per core', 'to before', 'logins/s', 'p50 ms', 'p99 ms', 'core busy'],
  contenders.map((one) => [
    one.name,
    spread(perCore(one)),
    ratio(perCore(one), perCore(plain)),
    rounded(median(one.measured.map(({ requestsPerSecond }) => requestsPerSecond))),
    rounded(median(one.measured.map(({ p50 }) => p50))),
    rounded(median(one.measured.map(({ p99 }) => p99))),
    `${Math.round(100 * median(one.measured.map(({ busy }) => busy)))}%`,
  ]),
);
say();
say('goal: at least 1,500 logins/s per core with the engine');

await load.stop();
for (const { server } of contenders) await server.stop();
