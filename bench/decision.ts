// What a decision costs: authorize() for a bearer that is known, for one seen for the first time, and for one that is refused; its
// time, its slowest calls and the bytes it allocates. It prints and asserts nothing.
// Usage: node bench/decision.ts [--rounds=9] [--calls=20000] [--seconds=60]
//
// Time is processor time of this process (all threads, so compiling and collecting count) over many calls, divided by their number;
// the cases take turns in every round. Bytes are the growth of the heap over calls during which nothing was collected: the bench
// runs itself again with a young generation large enough for that, and tells when a collection happened all the same.
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { PerformanceObserver } from 'node:perf_hooks';
import { jwtVerify } from 'jose';
import pino from 'pino';
import joseManifest from '../node_modules/jose/package.json' with { type: 'json' };
import type { AccessRequest, Authorize } from '../src/access/authorize.ts';
import { composeAccess } from '../src/compose/access.ts';
import { composeCore } from '../src/compose/core.ts';
import { composeMonitoring } from '../src/compose/monitoring.ts';
import { loadConfig } from '../src/config/load.ts';
import { readSettingsText } from '../src/config/settings-file.ts';
import { anywhere, parseAllowlist, parseIp, type UsableAllowlist } from '../src/domain/allowlist.ts';
import type { CredentialRef, SessionCredentialRef } from '../src/domain/credential.ts';
import { feltOf } from '../src/domain/felt.ts';
import { addSeconds, NEVER, secondsOf } from '../src/domain/time.ts';
import { createIssuer } from '../src/jwt/issue.ts';
import { median, percentile, processorTime, ratio, rounded, spread } from './support/measure.ts';
import { temporaryFolder } from './support/processes.ts';
import { count, heading, onlyFlags, roundsInTime, say, table } from './support/report.ts';

const COLLECTOR_FLAGS = ['--expose-gc', '--min-semi-space-size=64', '--max-semi-space-size=64'];
if (globalThis.gc === undefined) {
  const again = spawnSync(process.execPath, [...COLLECTOR_FLAGS, ...process.argv.slice(1)], { stdio: 'inherit' });
  process.exit(again.status ?? 1);
}
const collect = globalThis.gc;

onlyFlags('rounds', 'calls', 'seconds');
const rounds = count('rounds', 9, 1000);
const calls = count('calls', 20_000);
/** A bearer is new once: cold cases are measured over this many at a time. */
const FRESH = 200;

// --- a store with one account, and around it what is composed around it ---

const folder = temporaryFolder();
const { config } = loadConfig({
  argv: [`--data=${join(folder, 'data')}`, `--master_key.file=${join(folder, 'master.key')}`],
  env: {},
  cwd: folder,
  readFile: readSettingsText,
});
const core = await composeCore(config, composeMonitoring(pino({ level: 'silent' })));
const { store, clock, keyring, view } = core;
const ISSUER = config['jwt.issuer'];
const authorizeWith = (cacheCapacity: number): Authorize =>
  composeAccess({ ...config, 'memory.entries': cacheCapacity }, core).authorize;

const account = feltOf(0x5a1e_c0de_0123_4567_89ab_cdefn);
const tenRanges: UsableAllowlist = readRanges(
  Array.from({ length: 10 }, (_, i) => `10.${i}.0.0/16`).concat('192.0.2.0/24'),
);
const now = clock.now();
const tokenId = `tok_${randomUUID()}`;
const subkeyId = await store.transaction(async (tx) => {
  await tx.insertAccount(
    {
      account,
      signer: { type: 'starknet', publicKey: feltOf(5n) },
      validAfter: NEVER,
      lockedAt: NEVER,
      createdAt: now,
    },
    '0x0',
  );
  const times = { createdAt: now, updatedAt: now, expiresAt: NEVER, revokedAt: NEVER };
  const common = { account, name: 'bench', pending: undefined, registeredBy: '', state: 'active' as const, ...times };
  const subkey = await tx.insertSubkey({ ...common, publicKey: feltOf(7n), allowlist: tenRanges });
  await tx.insertToken({
    account,
    tokenId,
    lookupId: tokenId,
    name: 'bench',
    kind: 'readonly',
    kid: keyring.signer('token').kid,
    allowlist: anywhere,
    createdAt: now,
    expiryAt: addSeconds(now, 86_400),
    lastUpdatedAt: now,
    revokedAt: NEVER,
    lifetimeSeconds: 86_400,
    replacedBy: '',
    replaces: '',
  });
  return String(subkey?.id);
});

function readRanges(entries: readonly string[]): UsableAllowlist {
  const parsed = parseAllowlist(entries);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.list;
}

const issuer = createIssuer({ keyring, issuer: ISSUER });
const sessionOf = (credential: SessionCredentialRef): string => {
  const request = { credential, label: feltOf(7n), authTime: secondsOf(now), isolated: false, tokenUsage: undefined };
  return issuer.issueSession(request, secondsOf(clock.now())).jwt;
};
const main: SessionCredentialRef = { account, kind: 'main', id: 'main' };
const tokenRef: CredentialRef & { kind: 'token' } = { account, kind: 'token', id: tokenId };
const { jwt: token } = issuer.issueToken(
  { credential: tokenRef, lookupId: tokenId, expiresAt: secondsOf(addSeconds(now, 86_400)) },
  secondsOf(now),
);

// --- the cases ---

const clientIp = parseIp('192.0.2.77');
const elsewhere = parseIp('203.0.113.5');
const request = (bearer: string, change: Partial<AccessRequest> = {}): AccessRequest => ({
  route: { access: 'account:read', identity: undefined },
  method: 'GET',
  authorization: [`Bearer ${bearer}`],
  clientIp,
  ...change,
});

interface Case {
  readonly name: string;
  /** Calls of one measurement. */
  readonly calls: number;
  /** Gets ready for that many calls, unmeasured, and returns one of them. */
  prepare(calls: number): (i: number) => void;
}

const known = authorizeWith(100_000);
const decide = (authorize: Authorize, asked: AccessRequest, expected: string): void => {
  const decision = authorize(asked);
  if (decision instanceof Promise) throw new Error('the view did not know this credential');
  if (decision.kind === 'allow') decision.release();
  const outcome = decision.kind === 'allow' ? 'allow' : decision.reason;
  if (outcome !== expected) throw new Error(`${outcome} instead of ${expected}`);
};
const knownCase = (name: string, asked: AccessRequest, expected = 'allow'): Case => ({
  name,
  calls,
  prepare: () => () => decide(known, asked, expected),
});
const subkeySession = sessionOf({ account, kind: 'subkey', id: subkeyId });
const unsigned = (jwt: string): string => `${jwt.slice(0, -4)}${jwt.endsWith('AAAA') ? 'BBBB' : 'AAAA'}`;

const first = knownCase('known main session', request(sessionOf(main)));
/** The same decision, counted for its owner as the front does. */
const counted: Case = {
  name: 'known main session, its use counted',
  calls,
  prepare: () => {
    const asked = request(sessionOf(main));
    return () => {
      const decision = known(asked);
      if (decision instanceof Promise || decision.kind !== 'allow') throw new Error('not allowed');
      decision.release();
      if (decision.principal !== undefined) core.usage.count(decision.principal, 'allowed', '192.0.2.77');
    };
  },
};
const cases: readonly Case[] = [
  first,
  counted,
  knownCase('known subkey session, 11 ranges allowed', request(subkeySession)),
  knownCase('known read-only token', request(token)),
  knownCase(
    'refused: a read-only token that trades',
    request(token, { route: { access: 'trade', identity: undefined }, method: 'POST' }),
    'permission_missing',
  ),
  knownCase('refused: an address not allowed', request(subkeySession, { clientIp: elsewhere }), 'ip_not_allowed'),
  knownCase('refused: no bearer', { ...request(''), authorization: [] }, 'bearer_missing'),
  {
    name: 'new session of a known credential (ES256 verified)',
    calls: FRESH,
    prepare(howMany) {
      const authorize = authorizeWith(howMany);
      const asked = Array.from({ length: howMany }, () => request(sessionOf(main)));
      return (i) => decide(authorize, asked[i] ?? request(''), 'allow');
    },
  },
  {
    name: 'refused: a forged signature',
    calls: FRESH,
    prepare: () => {
      const forged = request(unsigned(sessionOf(main)));
      return () => decide(known, forged, 'bearer_signature');
    },
  },
];

/** The credential is read from the store, asynchronously: timed by itself, with the awaiting. */
async function firstSight(): Promise<number> {
  const authorize = authorizeWith(FRESH);
  const asked = Array.from({ length: FRESH }, () => request(subkeySession));
  // Known bearer, so that only the view is new.
  const warm = authorize(request(subkeySession));
  const granted = warm instanceof Promise ? await warm : warm;
  if (granted.kind === 'allow') granted.release();
  const before = process.cpuUsage();
  for (const each of asked) {
    view.apply({ position: 2n ** 60n, subjects: [`account/${account}`] });
    const decision = await authorize(each);
    if (decision.kind !== 'allow') throw new Error(decision.reason);
    decision.release();
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / FRESH;
}

/** What a service pays that asks a library about each request: the signature and the claims, every time. */
async function withoutMemory(): Promise<number> {
  const bearer = sessionOf(main);
  const [, payload = ''] = bearer.split('.');
  const { kid } = JSON.parse(Buffer.from(bearer.split('.')[0] ?? '', 'base64url').toString());
  const publicKey = keyring.verifier(String(kid))?.publicKey;
  const { aud } = JSON.parse(Buffer.from(payload, 'base64url').toString());
  if (publicKey === undefined) throw new Error('the session has no key');
  const before = process.cpuUsage();
  for (let i = 0; i < FRESH; i += 1) {
    await jwtVerify(bearer, publicKey, { algorithms: ['ES256'], issuer: ISSUER, audience: String(aud) });
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / FRESH;
}

// --- measuring ---

let collections = 0;
const observer = new PerformanceObserver((list) => {
  collections += list.getEntries().length;
});
observer.observe({ entryTypes: ['gc'] });
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

function timeOf({ calls: howMany, prepare }: Case): number {
  const call = prepare(howMany);
  return (
    processorTime(() => {
      for (let i = 0; i < howMany; i += 1) call(i);
    }) / howMany
  );
}

/** Microseconds of wall-clock time of each call. */
function singleCalls({ calls: howMany, prepare }: Case): number[] {
  const call = prepare(howMany);
  return Array.from({ length: howMany }, (_, i) => {
    const begun = process.hrtime.bigint();
    call(i);
    return Number(process.hrtime.bigint() - begun) / 1000;
  });
}

/** Bytes per call; undefined when something was collected meanwhile. */
async function bytesOf({ calls: howMany, prepare }: Case): Promise<number | undefined> {
  const call = prepare(howMany);
  collect();
  await nextTurn();
  await nextTurn();
  collections = 0;
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < howMany; i += 1) call(i);
  const after = process.memoryUsage().heapUsed;
  await nextTurn();
  await nextTurn();
  return collections === 0 ? (after - before) / howMany : undefined;
}

heading('Decision: authorize() on one request', [`jose ${joseManifest.version}`]);
say(`${rounds} rounds of ${calls} calls (${FRESH} where each call needs a new bearer)`);

async function fillView(): Promise<void> {
  for (const bearer of [sessionOf(main), subkeySession, token]) {
    const decision = await known(request(bearer));
    if (decision.kind === 'allow') decision.release();
  }
}

await fillView();
// So that everything is compiled.
for (let i = 0; i < 3; i += 1) {
  for (const each of cases) timeOf(each);
  await withoutMemory();
}

const times = new Map<string, number[]>(cases.map(({ name }) => [name, []]));
const slowest = new Map<string, number[]>(cases.map(({ name }) => [name, []]));
const sights: number[] = [];
const library: number[] = [];
for (const _round of roundsInTime(rounds)) {
  for (const each of cases) {
    times.get(each.name)?.push(timeOf(each));
    slowest.get(each.name)?.push(percentile(singleCalls(each), 0.99));
  }
  library.push(await withoutMemory());
}
for (const _round of library) sights.push(await firstSight());
await fillView();
const bytes = new Map<string, string>();
for (const each of cases) {
  const measured: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    const found = await bytesOf({ ...each, calls: Math.min(each.calls, 5000) });
    if (found !== undefined) measured.push(found);
  }
  bytes.set(each.name, measured.length === 0 ? 'collected' : rounded(median(measured)));
}

const base = times.get(first.name) ?? [];
table(
  'Median (least..most) of the rounds; the ratio compares processor time within each round.',
  ['decision', 'goal', 'CPU us', 'of the first', 'p99 of one call, us', 'bytes allocated'],
  [
    ...cases.map(({ name }) => [
      name,
      name.startsWith('known') ? 'p99 <= 50 us' : '',
      spread(times.get(name) ?? []),
      ratio(times.get(name) ?? [], base),
      rounded(median(slowest.get(name) ?? [])),
      bytes.get(name) ?? '',
    ]),
    ['credential not in the view (one read of the store)', '', spread(sights), ratio(sights, base), '', ''],
    [`for comparison: jwtVerify of jose on each request`, '', spread(library), ratio(library, base), '', ''],
  ],
);
observer.disconnect();
await core[Symbol.asyncDispose]();
