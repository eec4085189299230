// What the gateway costs: processor time of the server per forwarded request, beside our own forwarder with authorize stubbed out,
// @fastify/http-proxy, and nginx with auth_request. It prints and asserts nothing.
// Usage: node bench/gateway.ts [--rounds=7] [--requests=5000] [--connections=16] [--seconds=60]
//
// The contenders take turns in every round: the same number of the same requests (GET /v1/balance with the bearer of a session) from
// one load process to one venue, 200 bytes of JSON back. Processor time (user and system, all threads and child processes) is read
// from /proc before and after, so that neither the load nor the venue counts. Linux only.
import { join } from 'node:path';
import proxyManifest from '../node_modules/@fastify/http-proxy/package.json' with { type: 'json' };
import { mainSession, onboard, starkTrader } from '../test/support/trader.ts';
import { type Measured, requestText, startLoad } from './support/load-client.ts';
import { median, pauses, ratio, rounded, spread } from './support/measure.ts';
import { nginxVersion, startNginx } from './support/nginx.ts';
import { pinned, type Running, startRole, temporaryFolder } from './support/processes.ts';
import { count, heading, onlyFlags, roundsInTime, say, table } from './support/report.ts';

onlyFlags('rounds', 'requests', 'connections', 'seconds');
const rounds = count('rounds', 7, 1000);
const requests = count('requests', 5000);
const connections = count('connections', 16, 128);

const nginx = nginxVersion();
const proxyVersion = `@fastify/http-proxy ${proxyManifest.version}`;
heading('Gateway: processor time per forwarded request', [proxyVersion, ...(nginx === undefined ? [] : [nginx])]);
if (nginx === undefined) say('nginx: skipped, there is none with auth_request on the PATH');
say(
  `${rounds} rounds of ${requests} requests over ${connections} connections; ${
    pinned
      ? 'server on core 0, load and venue on core 1'
      : 'not pinned to cores (taskset is missing, or there is one core)'
  }`,
);

const venue = await startRole('support/venue.ts', [], 'load');
const load = startLoad();
const folder = temporaryFolder();
const gateway = await startRole(
  '../src/main.ts',
  [
    'serve',
    '--port=0',
    `--data=${join(folder, 'data')}`,
    `--master_key.file=${join(folder, 'master.key')}`,
    `--upstream=http://127.0.0.1:${venue.port}`,
    '--rate-limit=off',
  ],
  'server',
  { tellsCollections: true },
);
const url = `http://127.0.0.1:${gateway.port}`;
const trader = starkTrader();
await onboard(url, trader);
const bearer = await mainSession(url, trader);

interface Contender {
  readonly name: string;
  readonly server: Running & { readonly port: number };
  readonly measured: Measured[];
}
const contender = (name: string, server: Contender['server']): Contender => ({ name, server, measured: [] });
const ours = contender('Countersign, as shipped', gateway);
const contenders: readonly Contender[] = [
  ours,
  contender(
    'Countersign, authorize stubbed out',
    await startRole('support/open-gateway.ts', [String(venue.port)], 'server'),
  ),
  contender(proxyVersion, await startRole('support/fastify-proxy.ts', [String(venue.port)], 'server')),
  ...(nginx === undefined ? [] : [contender(`${nginx}, auth_request`, await startNginx(venue.port))]),
  contender('the venue alone', venue),
];

const work = (port: number, howMany: number) => ({
  port,
  connections,
  count: howMany,
  requests: [requestText('GET', '/v1/balance', { bearer })],
  status: 200,
});
// Unmeasured first, so that everything is compiled and every connection open.
for (const { server } of contenders) await load.send(work(server.port, 2 * requests));
gateway.scavenges();
for (const _round of roundsInTime(rounds)) {
  for (const { server, measured } of contenders) measured.push(await load.measure(server, work(server.port, requests)));
}

const cpuOf = ({ measured }: Contender) => measured.map(({ cpu }) => cpu);
const ourCpu = cpuOf(ours);
table(
  'Median (least..most) of the rounds; the ratio compares processor time within each round.',
  ['server', 'CPU us/request', 'of ours', 'requests/s', 'p50 ms', 'p99 ms', 'core busy'],
  contenders.map((row) => [
    row.name,
    spread(cpuOf(row)),
    row === ours ? '1' : ratio(cpuOf(row), ourCpu),
    rounded(median(row.measured.map(({ requestsPerSecond }) => requestsPerSecond))),
    rounded(median(row.measured.map(({ p50 }) => p50))),
    rounded(median(row.measured.map(({ p99 }) => p99))),
    `${Math.round(100 * median(row.measured.map(({ busy }) => busy)))}%`,
  ]),
);
say();
say(`Collections of young objects in ours, ms: median ${pauses(gateway.scavenges())}.`);
say(
  'requests/s and latencies are those of a closed loop: where the core is not busy, the load or the venue set the pace.',
);

await load.stop();
for (const { server } of contenders) await server.stop();
