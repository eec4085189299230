// A flood of logins, and those who have a session: the server on one core, everything else on the other. A hundred addresses send
// valid, wrong-key, wrong-signature, expired and garbage logins while another client reads with a known session and Alice, in whose
// name the garbage is sent, logs in. Beside it the same rate of requests that cost nothing. It prints and asserts nothing.
// Usage: node bench/flood.ts [--seconds=30] [--rate=600] [--reads=100] [--workers=...]
//
// Rates are per second and do not depend on the answers; latencies count from when a request was due. The addresses are written by a
// proxy that the server trusts (X-Forwarded-For), each on a connection of its own; rate limits are off, so that every request counts.
// Signatures are made before the clock starts. Without --workers the server chooses for the cores it has: on one core, none.
import { join } from 'node:path';
import { percentile, rounded } from './support/measure.ts';
import type { Answers, Stream, StreamAnswer, StreamResult } from './support/open-loop.ts';
import { pinned, start, startRole, temporaryFolder } from './support/processes.ts';
import { count, heading, onlyFlags, say, table } from './support/report.ts';
import { createSigner, loginBy, loginText, onboard, signIn, validFor } from './support/signers.ts';

onlyFlags('seconds', 'rate', 'reads', 'workers');
const seconds = count('seconds', 30, 600);
const rate = count('rate', 600, 20_000);
const reads = count('reads', 100, 5000);
const workers = process.argv.find((argument) => argument.startsWith('--workers='))?.slice('--workers='.length);
const ADDRESSES = 100;
const ALICE_PER_SECOND = 2;

heading('A flood of logins');
say(
  `${seconds} s of ${rate} requests/s from ${ADDRESSES} addresses, ${reads} reads/s with a session; ${
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
);
const url = `http://127.0.0.1:${server.port}`;

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

const window = validFor(seconds * 2 + 600);
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
}

async function phase(requests: Stream['requests'], phaseSeconds: number): Promise<Phase> {
  let peakBytes = server.residentBytes();
  const look = setInterval(() => {
    peakBytes = Math.max(peakBytes, server.residentBytes());
  }, 250);
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
  return { reads: readings.answers.read ?? none, alice: logins.answers.alice ?? none, load, busy, peakBytes };
}

// Unmeasured first, so that everything is compiled and every connection to the venue open.
await phase([...cheap, ...inTurns], Math.min(5, seconds));
const restingBytes = server.residentBytes();
const baseline = await phase(cheap, seconds);
const flooded = await phase(inTurns, seconds);

const at = ({ latencies }: Answers, share: number): number => percentile(latencies, share);
const statuses = (answers: Answers): string =>
  Object.entries(answers.statuses)
    .map(([status, howMany]) => `${howMany} x ${status}`)
    .join(', ');
const row = (name: string, { reads, busy, peakBytes }: Phase): readonly string[] => [
  name,
  rounded(at(reads, 0.5)),
  rounded(at(reads, 0.99)),
  statuses(reads),
  `${Math.round(100 * busy)}%`,
  `${Math.round(peakBytes / 2 ** 20)} MiB`,
];
const times = (share: number): string => `${rounded(at(flooded.reads, share) / at(baseline.reads, share))}x`;
table(
  `The reader, while the others send. Memory at rest: ${Math.round(restingBytes / 2 ** 20)} MiB.`,
  ['the others send', 'read p50 ms', 'read p99 ms', 'reads', 'core busy', 'memory'],
  [
    row('GET /v1/system/time', baseline),
    row('the flood', flooded),
    ['the flood, to the other', times(0.5), times(0.99), 'goal: within 1.5x', '', ''],
  ],
);

table(
  'The flood.',
  ['login', 'answers', 'p50 ms', 'p99 ms', 'shed (503)'],
  Object.entries(flooded.load.answers).map(([label, answers]) => [
    label,
    statuses(answers),
    rounded(at(answers, 0.5)),
    rounded(at(answers, 0.99)),
    `${rounded((100 * (answers.statuses['503'] ?? 0)) / Math.max(1, answers.latencies.length))}%`,
  ]),
);
say();
say(
  `Alice: ${statuses(flooded.alice)}; p50 ${rounded(at(flooded.alice, 0.5))} ms, p99 ${rounded(at(flooded.alice, 0.99))} ms`,
);
say(`unanswered: ${baseline.load.unanswered + flooded.load.unanswered}`);
process.exit(0);
