// A flood of logins, and those who have a session: the server on one core, everything else on the other. A hundred addresses send
// valid, wrong-key, wrong-signature, expired and garbage logins while another client reads with a known session and Alice, in whose
// name the garbage is sent, logs in. Beside it, by turns, the same rate of requests that cost nothing. It prints and asserts nothing.
// Usage: node bench/flood.ts [--rounds=3] [--seconds=30] [--rate=600] [--reads=100] [--workers=...]
//
// Each round is so many seconds of each. Rates are per second and do not depend on the answers; latencies count from when a request was
// due. The addresses are written by a proxy that the server trusts (X-Forwarded-For), each on a connection of its own; rate limits are
// off, so that every request counts. Signatures are made before the clock starts. Without --workers the server chooses for the cores it
// has: on one core, none. The event loop's delay is what the server says of itself: what readers wait beyond it, they wait for the
// core that they share with the load and the venue.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OPERATOR_ADDRESS_FILE } from '../src/operator/address-file.ts';
import { median, pauses, percentile, ratio, rounded, spread } from './support/measure.ts';
import type { Answers, Stream, StreamAnswer, StreamResult } from './support/open-loop.ts';
import { pinned, start, startRole, temporaryFolder } from './support/processes.ts';
import { count, heading, onlyFlags, say, table } from './support/report.ts';
import { createSigner, loginBy, loginText, onboard, signIn, validFor } from './support/signers.ts';

onlyFlags('rounds', 'seconds', 'rate', 'reads', 'workers');
const rounds = count('rounds', 3, 100);
const seconds = count('seconds', 30, 600);
const rate = count('rate', 600, 20_000);
const reads = count('reads', 100, 5000);
const workers = process.argv.find((argument) => argument.startsWith('--workers='))?.slice('--workers='.length);
const ADDRESSES = 100;
const ALICE_PER_SECOND = 2;

heading('A flood of logins');
say(
  `${rounds} rounds of ${seconds} s of ${rate} requests/s from ${ADDRESSES} addresses, ${reads} reads/s with a session; ${
    pinned
      ? 'server on core 0, load, readers and venue on core 1'
      : 'not pinned to cores (taskset is missing, or there is one core)'
  }`,
);

const folder = temporaryFolder();
const venue = await startRole('support/venue.ts', [], 'load');
const server = await startRole(
  '../src/main.ts',
  [
    'serve',
    '--port=0',
    `--data=${join(folder, 'data')}`,
    `--master_key.file=${join(folder, 'master.key')}`,
    `--upstream=http://127.0.0.1:${venue.port}`,
    '--rate-limit=off',
    '--log.level=warn',
    '--proxy.trusted=127.0.0.1',
    ...(workers === undefined ? [] : [`--engine.workers=${workers}`]),
  ],
  'server',
  { tellsCollections: true },
);
const url = `http://127.0.0.1:${server.port}`;
const operatorUrl = readFileSync(join(folder, 'data', OPERATOR_ADDRESS_FILE), 'utf8').trimEnd();

/** What the server says of itself, since it was last asked. */
async function figures(): Promise<{ readonly delayP99: number; readonly delayMax: number }> {
  const page = await (await fetch(`${operatorUrl}/metrics`)).text();
  const milliseconds = (name: string): number => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(page)?.[1]) * 1000;
  return {
    delayP99: milliseconds('nodejs_eventloop_lag_p99_seconds'),
    delayMax: milliseconds('nodejs_eventloop_lag_max_seconds'),
  };
}

/** Asks a load process of its own for one stream after the other. */
function openStream(): (stream: Omit<Stream, 'port'>) => Promise<StreamResult> {
  const { child } = start(process.execPath, [join(import.meta.dirname, 'support', 'open-loop.ts')], {
    core: 'load',
    ipc: true,
  });
  return (stream) =>
    new Promise((resolve, reject) => {
      child.once('message', (answer: StreamAnswer) => {
        if ('failed' in answer) reject(new Error(answer.failed));
        else resolve(answer.done);
      });
      child.send({ ...stream, port: server.port });
    });
}

const alice = createSigner();
const reader = createSigner();
const traders = Array.from({ length: ADDRESSES }, createSigner);
for (const signer of [alice, reader, ...traders]) await onboard(url, signer);
const session = await signIn(url, reader);

const window = validFor(2 * rounds * seconds + 600);
const addressOf = (i: number): string => `198.51.100.${i + 1}`;
/** What each address sends, in turns. */
const flood = traders.map(({ key, account }, i) => {
  const from = addressOf(i);
  const headers = loginBy(key, account, window);
  const garbage = JSON.stringify([String(2n ** 250n + BigInt(i) * 7_919n), String(2n ** 249n + BigInt(i) * 104_729n)]);
  return [
    { label: 'valid', text: loginText(headers, { from }) },
    { label: 'wrong key', text: loginText(loginBy(key, alice.account, window), { from }) },
    {
      label: 'wrong signature',
      text: loginText({ ...headers, 'PARADEX-TIMESTAMP': String(window.timestamp + 1) }, { from }),
    },
    { label: 'expired', text: loginText(loginBy(key, account, validFor(60, 120)), { from }) },
    {
      label: 'garbage for Alice',
      text: loginText({ ...loginBy(key, alice.account, window), 'PARADEX-STARKNET-SIGNATURE': garbage }, { from }),
    },
  ];
});
// Over as many connections in turns, so that each address has one, and each request is of another kind than the one before it.
const inTurns = [0, 1, 2, 3, 4].flatMap((round) =>
  flood.flatMap((own, i) => own.slice((round + i) % own.length).slice(0, 1)),
);
const get = (path: string, more: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: countersign-bench\r\nAccept: application/json\r\n${more}\r\n`;
const cheap = traders.map((_, i) => ({
  label: 'time',
  text: get('/v1/system/time', `X-Forwarded-For: ${addressOf(i)}\r\n`),
}));
const read = get('/v1/balance', `Authorization: Bearer ${session}\r\nX-Forwarded-For: 203.0.113.9\r\n`);
const aliceLogin = loginText(loginBy(alice.key, alice.account, window), { from: '203.0.113.7' });

const [sendFlood, sendReads, sendAlice] = [openStream(), openStream(), openStream()];

interface Phase {
  readonly reads: Answers;
  readonly alice: Answers;
  readonly load: StreamResult;
  readonly busy: number;
  readonly peakBytes: number;
  /** Milliseconds that the server's event loop was late. */
  readonly delayP99: number;
  readonly delayMax: number;
  /** Milliseconds of each collection of the server's young objects. */
  readonly scavenges: readonly number[];
}

async function phase(requests: Stream['requests'], phaseSeconds: number): Promise<Phase> {
  let peakBytes = server.residentBytes();
  const look = setInterval(() => {
    peakBytes = Math.max(peakBytes, server.residentBytes());
  }, 250);
  await figures();
  server.scavenges();
  const before = server.cpuSeconds();
  const [load, readings, logins] = await Promise.all([
    sendFlood({ seconds: phaseSeconds, perSecond: rate, connections: ADDRESSES, requests }),
    sendReads({
      seconds: phaseSeconds,
      perSecond: reads,
      connections: 1,
      requests: [{ label: 'read', text: read }],
    }),
    sendAlice({
      seconds: phaseSeconds,
      perSecond: ALICE_PER_SECOND,
      connections: 1,
      requests: [{ label: 'alice', text: aliceLogin }],
    }),
  ]);
  const busy = (server.cpuSeconds() - before) / phaseSeconds;
  clearInterval(look);
  const none = { statuses: {}, latencies: [] };
  const { delayP99, delayMax } = await figures();
  const told = { reads: readings.answers.read ?? none, alice: logins.answers.alice ?? none, load };
  return { ...told, busy, peakBytes, delayP99, delayMax, scavenges: server.scavenges() };
}

// Unmeasured first, so that everything is compiled and every connection to the venue open.
await phase([...cheap, ...inTurns], Math.min(5, seconds));
const restingBytes = server.residentBytes();
const baseline: Phase[] = [];
const flooded: Phase[] = [];
for (let round = 0; round < rounds; round += 1) {
  baseline.push(await phase(cheap, seconds));
  flooded.push(await phase(inTurns, seconds));
}

const statuses = (all: readonly Answers[]): string => {
  const total = new Map<string, number>();
  for (const { statuses } of all) {
    for (const [status, howMany] of Object.entries(statuses)) total.set(status, (total.get(status) ?? 0) + howMany);
  }
  return [...total].map(([status, howMany]) => `${howMany} x ${status}`).join(', ');
};
const readsAt = (phases: readonly Phase[], share: number): number[] =>
  phases.map(({ reads }) => percentile(reads.latencies, share));
const row = (name: string, phases: readonly Phase[]): readonly string[] => [
  name,
  spread(readsAt(phases, 0.5)),
  spread(readsAt(phases, 0.99)),
  statuses(phases.map(({ reads }) => reads)),
  spread(phases.map(({ delayP99 }) => delayP99)),
  rounded(Math.max(...phases.map(({ delayMax }) => delayMax))),
  pauses(phases.flatMap(({ scavenges }) => scavenges)),
  `${Math.round(100 * median(phases.map(({ busy }) => busy)))}%`,
  `${Math.round(Math.max(...phases.map(({ peakBytes }) => peakBytes)) / 2 ** 20)} MiB`,
];
const times = (share: number): string => ratio(readsAt(flooded, share), readsAt(baseline, share));
table(
  `The reader, while the others send: median (least..most) of the rounds. Memory at rest: ${Math.round(restingBytes / 2 ** 20)} MiB.`,
  [
    'the others send',
    'read p50 ms',
    'read p99 ms',
    'reads',
    'loop delay p99 ms',
    'most',
    'scavenges ms',
    'core busy',
    'memory',
  ],
  [
    row('GET /v1/system/time', baseline),
    row('the flood', flooded),
    ['the flood, to the other', times(0.5), times(0.99), 'goal: within 1.5x', '', '', '', '', ''],
  ],
);

const floods = flooded.map(({ load }) => load);
const labels = Object.keys(floods[0]?.answers ?? {});
table(
  'The flood, all rounds together.',
  ['login', 'answers', 'p50 ms', 'p99 ms', 'shed (503)'],
  labels.map((label) => {
    const all = floods.flatMap(({ answers }) => answers[label] ?? []);
    const latencies = all.flatMap((one) => one.latencies);
    const shed = all.reduce((sum, one) => sum + (one.statuses['503'] ?? 0), 0);
    return [
      label,
      statuses(all),
      rounded(percentile(latencies, 0.5)),
      rounded(percentile(latencies, 0.99)),
      `${rounded((100 * shed) / Math.max(1, latencies.length))}%`,
    ];
  }),
);
const alices = flooded.map(({ alice }) => alice);
const aliceLatencies = alices.flatMap(({ latencies }) => latencies);
const loads = [...baseline, ...flooded].map(({ load }) => load);
say();
say(
  `Alice: ${statuses(alices)}; p50 ${rounded(percentile(aliceLatencies, 0.5))} ms, p99 ${rounded(percentile(aliceLatencies, 0.99))} ms`,
);
say(
  `unanswered: ${loads.reduce((sum, { unanswered }) => sum + unanswered, 0)}; connections closed by the server: ${loads.reduce((sum, { closed }) => sum + closed, 0)}`,
);
process.exit(0);
