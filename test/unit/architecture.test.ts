// Walks the import graph of src/ and fails on any arrow that is not listed: the rooms of the house and who may enter them.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const src = join(root, 'src');

const pure = ['domain'];
const crypto = [...pure, 'starknet', 'ethereum'];
const core = [
  ...crypto,
  'errors',
  'jwt',
  'store/store',
  'revocation',
  'access',
  'audit',
  'ratelimit',
  'config',
  'verification',
];

/** For each room, the rooms (or single files) it may import from, besides itself. */
const arrows: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  errors: [],
  files: ['errors'],
  closing: ['errors'],
  starknet: pure,
  ethereum: pure,
  verification: [...pure, 'starknet', 'ethereum', 'errors'],
  jwt: [...pure, 'errors', 'files'],
  ratelimit: [...pure, 'access/route-table'],
  config: [...pure, 'errors', 'files'],
  store: [...pure, 'errors', 'files', 'jwt/signing-key'],
  revocation: [...pure, 'errors', 'store/store'],
  access: [...pure, 'errors', 'jwt', 'revocation', 'store/store'],
  audit: [...pure, 'store/store'],
  credentials: core,
  orders: [...crypto, 'errors', 'access/route-table', 'access/signer', 'verification/verifier', 'store/store'],
  gateway: [...crypto, 'errors', 'config/upstream-address', 'verification/verifier', 'store/store', 'orders'],
  // Runs in a browser too: no server, nothing of Node.js, as a test below holds.
  wire: crypto,
  // Only types, but for errors and lists of words: it says what the others tell it.
  telemetry: [
    ...pure,
    'errors',
    'audit/journal',
    'credentials/login',
    'credentials/proven-refusal',
    'gateway/forward',
    'gateway/upstream',
    'jwt',
    'ratelimit',
    'revocation',
    'store/store',
  ],
  http: [...core, 'files', 'credentials', 'gateway', 'orders', 'telemetry', 'wire'],
  backup: [...pure, 'errors', 'files', 'jwt', 'credentials/operator-act', 'credentials/record', 'store/store'],
  operator: [...core, 'files', 'credentials', 'gateway', 'telemetry', 'http', 'backup', 'wire'],
  'demo-venue': [],
  client: crypto,
  cli: [
    ...crypto,
    'errors',
    'files',
    'config',
    'client',
    'app',
    'compose',
    'backup',
    'jwt',
    'prepare',
    'operator/address-file',
    'operator/socket-file',
    'operator/token-file',
    'telemetry/output',
    'telemetry/redact',
  ],
  main: ['cli'],
  healthcheck: ['config', 'operator/address-file', 'operator/socket-file'],
};
/** The composition roots know every module: of the service, and of what is done without one. */
const knowsAll = ['app', 'compose', 'prepare'];
/** Ports are interfaces: a value imported from one would tie its users to an implementation. */
const typesOnly = ['store/store', 'gateway/forward', 'verification/verifier', 'access/signer'];

interface Import {
  readonly from: string;
  readonly to: string;
  readonly isType: boolean;
}

const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
const imports: readonly Import[] = files.flatMap((file) => {
  const text = readFileSync(join(src, file), 'utf8');
  return [...text.matchAll(/^(?:import|export)\s+(type\s+)?[^'";]*?from\s+'(\.[^']+)'/gms)].map(
    ([, type, target = '']) => ({
      from: file.replace(/\.ts$/, ''),
      to: relative(src, resolve(src, dirname(file), target)).replace(/\.ts$/, ''),
      isType: type !== undefined,
    }),
  );
});

/** Of modules that a browser loads too: `node:` and packages among them, as the import says it. */
const outside = (file: string): string[] =>
  [
    ...readFileSync(join(src, `${file}.ts`), 'utf8').matchAll(
      /^(?:import|export)\s+(?!type\s)(?:[^'";]*?from\s+)?'([^.'][^']*)'/gms,
    ),
  ].map(([, target = '']) => target);

/** A module and all that it loads, which leaves out types. */
function loadedBy(entries: readonly string[]): ReadonlySet<string> {
  const loaded = new Set(entries);
  for (const file of loaded) for (const { from, to, isType } of imports) if (from === file && !isType) loaded.add(to);
  return loaded;
}

const roomOf = (file: string): string => file.split('/')[0] ?? file;

test('the import graph was read: the composition root imports most rooms', () => {
  const known = new Set(imports.filter(({ from }) => from === 'app').map(({ to }) => roomOf(to)));
  expect(known.size).toBeGreaterThan(10);
});

test('every room of src/ has its arrows listed', () => {
  const rooms = new Set(files.map((file) => roomOf(file.replace(/\.ts$/, ''))));
  for (const root of knowsAll) rooms.delete(root);
  expect([...rooms].sort()).toEqual(Object.keys(arrows).sort());
});

test('no module imports from a room that its own room may not enter', () => {
  const wrong = imports.filter(({ from, to }) => {
    const room = roomOf(from);
    if (knowsAll.includes(room) || roomOf(to) === room) return false;
    return !(arrows[room] ?? []).some((allowed) => to === allowed || to.startsWith(`${allowed}/`));
  });
  expect(wrong.filter(({ to }) => to !== '../package.json')).toEqual([]);
});

test('ports are imported as types outside their own room', () => {
  const values = imports.filter(
    ({ from, to, isType }) =>
      typesOnly.includes(to) && !isType && roomOf(from) !== roomOf(to) && !knowsAll.includes(roomOf(from)),
  );
  expect(values).toEqual([]);
});

// Whoever asked for them beside what was read could forget to: rows and facts come with what could not be written laid over them.
test('denials are known to the room of the view alone, and made by the composition root', () => {
  const users = imports.filter(({ to, isType }) => to === 'revocation/denials' && !isType).map(({ from }) => from);
  expect(users.filter((from) => roomOf(from) !== 'revocation')).toEqual(['app']);
});

test('an audit row is written together with its change row by record() alone', () => {
  const writers = files.flatMap((file) =>
    [...readFileSync(join(src, file), 'utf8').matchAll(/[.]append(Audit|Change|All)\(/g)].map(
      ([, rows = '']) => `${file} append${rows}`,
    ),
  );
  const mayWrite = [
    'credentials/record.ts appendAudit',
    'credentials/record.ts appendChange',
    'credentials/record.ts appendAll',
    // Rows that belong to no change: logins, refusals, receipts.
    'audit/journal.ts appendAudit',
    // What time has ended inside the store: by its own transaction, as no port offers it.
    'store/purge.ts appendAll',
    // Both hand on to the transaction what they are given, and look at it.
    'revocation/commit.ts appendAudit',
    'telemetry/observe.ts appendChange',
  ];
  expect([...new Set(writers)].filter((writer) => !mayWrite.includes(writer))).toEqual([]);
  expect(writers.filter((writer) => writer.startsWith('credentials/record.ts'))).toHaveLength(4);
});

test('a browser can load src/wire: what it loads is of the pure rooms, and nothing of Node.js or of a server', () => {
  const loaded = [
    ...loadedBy(files.map((file) => file.replace(/\.ts$/, '')).filter((file) => roomOf(file) === 'wire')),
  ];
  expect(loaded.filter((file) => !['wire', ...crypto].includes(roomOf(file)))).toEqual([]);
  expect(loaded).toContain('domain/allowlist');
  expect(
    loaded.flatMap((file) =>
      outside(file)
        .map((target) => ({ file, target }))
        .filter(({ target }) => target !== 'typebox'),
    ),
  ).toEqual([]);
});

test('only main.ts ends the process', () => {
  const ending = files.filter((file) => /\bprocess\.exit\(/.test(readFileSync(join(src, file), 'utf8')));
  expect(ending).toEqual(['main.ts']);
});

test('nothing weak is keyed by what comes and goes with a request: V8 keeps such entries until it collects old objects', () => {
  const keys = files.flatMap((file) =>
    [...readFileSync(join(src, file), 'utf8').matchAll(/\bnew Weak(?:Set|Map)(?:<(\w+))?/g)].map(([, key]) => ({
      file,
      key: key ?? 'untold',
    })),
  );
  // Both live as long as what they are remembered for: a bearer that is known, and a kind of message.
  const mayBe = ['VerifiedClaims', 'StructType'];
  expect(keys.filter(({ key }) => mayBe.includes(key))).toHaveLength(2);
  expect(keys.filter(({ key }) => !mayBe.includes(key))).toEqual([]);
});
