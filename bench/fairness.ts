// What strangers do to an owner who reads and takes orders back, by holding the connections to the venue: slow bodies, slow readers,
// and more plain reads at once than there are connections. Beside each, by turns, the same without them. It prints and asserts nothing.
// Usage: node bench/fairness.ts [--rounds=3] [--seconds=10] [--reads=50] [--deletes=10]
//
// The server is on one core, all else on the other. The strangers have one address, and where they must be signed in an account of
// their own; the owner has another address (X-Forwarded-For of a proxy that the server trusts). Rate limits are off. Latencies count
// from when a request was due. The goal: within 2x of quiet.
import { join } from 'node:path';
import { median, percentile, ratio, rounded, spread } from './support/measure.ts';
import type { Answers, Stream, StreamAnswer, StreamResult } from './support/open-loop.ts';
import { pinned, start, startRole, temporaryFolder } from './support/processes.ts';
import { count, heading, onlyFlags, say, table } from './support/report.ts';
import { createSigner, onboard, signIn } from './support/signers.ts';
import type { Attack } from './support/strangers.ts';

onlyFlags('rounds', 'seconds', 'reads', 'deletes');
const rounds = count('rounds', 3, 100);
const seconds = count('seconds', 10, 600);
const reads = count('reads', 50, 2000);
const deletes = count('deletes', 10, 500);
const GOAL = 2;
const MIB = 1024 * 1024;
const LARGE = 16 * MIB;
const SLOW_MS = 200;

heading('Fairness: an owner while strangers hold what all share');
say(
  `${rounds} rounds of ${seconds} s of each; ${reads} reads/s and ${deletes} DELETE /v1/orders/s; ${
    pinned ? 'server on core 0, all else on core 1' : 'not pinned to cores (taskset is missing, or there is one core)'
  }`,
);

/** A server of its own before a venue that takes so long, an owner, and strangers with an account. */
async function startSide(venueMs: number) {
  const venue = await startRole('support/slow-venue.ts', [String(venueMs), String(LARGE)], 'load');
  const folder = temporaryFolder();
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
    ],
    'server',
  );
  const url = `http://127.0.0.1:${server.port}`;
  const [owner, stranger] = [createSigner(), createSigner()];
  for (const signer of [owner, stranger]) await onboard(url, signer);
  const stop = async (): Promise<void> => {
    await server.stop();
    await venue.stop();
  };
  return { port: server.port, owner: await signIn(url, owner), stranger: await signIn(url, stranger), stop };
}
type Side = Awaited<ReturnType<typeof startSide>>;

function openStream(): (stream: Stream) => Promise<StreamResult> {
  const program = join(import.meta.dirname, 'support', 'open-loop.ts');
  const { child } = start(process.execPath, [program], { core: 'load', ipc: true });
  return (stream) =>
    new Promise((resolve, reject) => {
      child.once('message', (answer: StreamAnswer) => {
        if ('failed' in answer) reject(new Error(answer.failed));
        else resolve(answer.done);
      });
      child.send(stream);
    });
}
const [sendReads, sendDeletes] = [openStream(), openStream()];

const strangers = start(process.execPath, [join(import.meta.dirname, 'support', 'strangers.ts')], {
  core: 'load',
  ipc: true,
});
const tellStrangers = (message: Attack | 'stop'): Promise<void> =>
  new Promise((resolve) => {
    strangers.child.once('message', () => resolve());
    strangers.child.send(message);
  });

const text = (line: string, from: string, more: readonly string[] = []): string =>
  [
    `${line} HTTP/1.1`,
    'Host: localhost',
    'User-Agent: countersign-bench',
    `X-Forwarded-For: ${from}`,
    ...more,
    '',
    '',
  ].join('\r\n');
const OWNER = '203.0.113.9';
const STRANGER = '198.51.100.1';

interface Phase {
  readonly read: Answers;
  readonly remove: Answers;
}

const NONE: Answers = { statuses: {}, latencies: [] };

async function phase(side: Side, attack: Omit<Attack, 'port'> | undefined, phaseSeconds: number): Promise<Phase> {
  if (attack !== undefined) await tellStrangers({ port: side.port, ...attack });
  const bearer = [`Authorization: Bearer ${side.owner}`];
  const owner = (send: typeof sendReads, label: string, line: string, perSecond: number): Promise<StreamResult> =>
    send({
      port: side.port,
      seconds: phaseSeconds,
      perSecond,
      connections: 16,
      requests: [{ label, text: text(line, OWNER, bearer) }],
    });
  const [read, remove] = await Promise.all([
    owner(sendReads, 'read', 'GET /v1/balance', reads),
    owner(sendDeletes, 'remove', 'DELETE /v1/orders', deletes),
  ]);
  if (attack !== undefined) {
    await tellStrangers('stop');
    // What they have left behind is no part of the next phase.
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  return { read: read.answers.read ?? NONE, remove: remove.answers.remove ?? NONE };
}

const body = 'x'.repeat(68_000);
const slowBody = (line: string, more: readonly string[] = []): Omit<Attack, 'port'> => ({
  connections: 130,
  first: text(line, STRANGER, [...more, 'Content-Length: 1000000']) + body,
  again: { text: 'x', everyMs: 100 },
  reads: true,
});

interface Row {
  readonly name: string;
  readonly side: Side;
  readonly attack: Omit<Attack, 'port'> | undefined;
  readonly phases: Phase[];
}
const quick = await startSide(0);
const slow = await startSide(SLOW_MS);
const row = (name: string, side: Side, attack?: Row['attack']): Row => ({ name, side, attack, phases: [] });
const quiet = row('quiet', quick);
const quietSlow = row(`quiet, a venue that takes ${SLOW_MS} ms`, slow);
const plain = text('GET /v1/bbo/BTC-USD-PERP', STRANGER);
const rows: readonly Row[] = [
  quiet,
  row('130 slow bodies of GET', quick, slowBody('GET /v1/markets/summary')),
  row('130 slow bodies of POST', quick, slowBody('POST /v1/block-trades', [`Authorization: Bearer ${quick.stranger}`])),
  row(`140 slow readers of ${LARGE / MIB} MiB`, quick, {
    connections: 140,
    first: text('GET /v1/markets', STRANGER),
    reads: false,
  }),
  quietSlow,
  row('1,450 plain reads at once', slow, { connections: 29, first: plain.repeat(50), reads: true }),
];
const baseOf = ({ side }: Row): Row => (side === quick ? quiet : quietSlow);

// Unmeasured first, so that everything is compiled and every connection to the venue open.
for (const side of [quick, slow]) await phase(side, undefined, Math.min(3, seconds));
for (let round = 0; round < rounds; round += 1) {
  for (const { side, attack, phases } of rows) phases.push(await phase(side, attack, seconds));
}

const at = ({ phases }: Row, what: keyof Phase, share: number): number[] =>
  phases.map((one) => percentile(one[what].latencies, share));
const statusesOf = ({ phases }: Row): string => {
  const total = new Map<string, number>();
  for (const one of phases.flatMap(({ read, remove }) => [read, remove])) {
    for (const [status, howMany] of Object.entries(one.statuses)) total.set(status, (total.get(status) ?? 0) + howMany);
  }
  return [...total].map(([status, howMany]) => `${howMany} x ${status}`).join(', ');
};
const figures: readonly (readonly [keyof Phase, number])[] = [
  ['read', 0.5],
  ['read', 0.99],
  ['remove', 0.5],
  ['remove', 0.99],
];
const worst = (one: Row): number =>
  Math.max(
    ...figures.map(([what, share]) =>
      median(at(one, what, share).map((value, round) => value / (at(baseOf(one), what, share)[round] ?? Number.NaN))),
    ),
  );
table(
  'The owner meanwhile: median (least..most) of the rounds, and how many times quiet that is.',
  ['strangers', 'read p50 ms', 'read p99 ms', 'DELETE p50 ms', 'DELETE p99 ms', 'answers', `goal: within ${GOAL}x`],
  rows.flatMap((one) => {
    const own = [one.name, ...figures.map(([what, share]) => spread(at(one, what, share))), statusesOf(one)];
    if (one === baseOf(one)) return [[...own, '']];
    const times = figures.map(([what, share]) => ratio(at(one, what, share), at(baseOf(one), what, share)));
    const verdict = `${worst(one) <= GOAL ? 'met' : 'missed'}, ${rounded(worst(one))}x`;
    return [
      [...own, verdict],
      ['- to quiet', ...times, '', ''],
    ];
  }),
);
process.exit(0);
