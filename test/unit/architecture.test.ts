// Walks the import graph of src/ and fails on any arrow that is not listed: the rooms of the house and who may enter them.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { credentialKinds } from '../../src/domain/kinds.ts';
import { jwtKinds, keyUses } from '../../src/jwt/kinds.ts';
import { clientClosure, clientPackages, nodeWords } from '../support/client-closure.ts';

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
  'usage',
  'ratelimit',
  'config',
  'verification',
];

/** For each room, the rooms (or single files) it may import from, besides itself. */
const arrows: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  errors: ['domain/error-codes'],
  files: ['errors'],
  starknet: pure,
  ethereum: pure,
  verification: [...pure, 'starknet', 'ethereum', 'errors'],
  jwt: [...pure, 'errors', 'files'],
  ratelimit: [...pure, 'errors', 'access/route-matcher', 'access/route-table', 'access/figures'],
  config: [...pure, 'errors', 'files', 'access/figures', 'access/own-routes'],
  store: [...pure, 'errors', 'files', 'jwt/kinds', 'jwt/signing-key'],
  revocation: [...pure, 'errors', 'jwt/keyring', 'jwt/signing-key', 'store/store'],
  access: [...pure, 'errors', 'jwt', 'revocation', 'store/store'],
  audit: [...pure, 'store/store'],
  usage: [...pure, 'store/store'],
  explain: [...pure, 'errors', 'store/store'],
  credentials: core,
  orders: [
    ...crypto,
    'errors',
    'access/route-table',
    'access/signer',
    'verification/on-behalf-of',
    'verification/verifier',
    'store/store',
  ],
  gateway: [...crypto, 'errors', 'config/upstream-address', 'verification/on-behalf-of', 'orders'],
  // Runs in a browser too: no server, nothing of Node.js, as a test below holds.
  wire: crypto,
  // Only types, but for errors and lists of words: it says what the others tell it.
  telemetry: [
    ...pure,
    'errors',
    'audit/journal',
    'credentials/login',
    'credentials/proven-refusal',
    'explain/explainer',
    'gateway/exchange',
    'gateway/upstream',
    'jwt',
    'orders/marks',
    'ratelimit',
    'revocation',
    'store/store',
    'usage/usage',
    'verification/verifier',
  ],
  http: [...core, 'explain', 'files', 'credentials', 'gateway', 'orders', 'telemetry', 'wire'],
  backup: [...pure, 'errors', 'files', 'jwt', 'credentials/operator-act', 'credentials/record', 'store/store'],
  operator: [...core, 'files', 'credentials', 'gateway', 'telemetry', 'http', 'backup', 'wire'],
  'demo-venue': [],
  client: crypto,
  /** The owner's commands, which are published with the client: nothing of a server. Files are read and made as everywhere. */
  owner: ['client', 'files', 'errors'],
  cli: [
    ...crypto,
    'owner',
    'errors',
    'files',
    'config',
    'client',
    'app',
    'compose',
    'backup',
    'jwt',
    'store/database-file',
    'operator/address-file',
    'operator/socket-file',
    'operator/token-file',
    'telemetry/output',
    'telemetry/readiness',
    'telemetry/redact',
  ],
  /** The list of what is opened: what each part is made of stands in compose. */
  app: ['compose', 'config/load', 'errors'],
  main: ['cli', 'owner'],
  healthcheck: ['config', 'operator/address-file', 'operator/socket-file'],
};
/** The only room that knows every other one. */
const knowsAll = ['compose'];
/** Ports are interfaces: a value imported from one would tie its users to an implementation. */
const typesOnly = ['store/store', 'gateway/exchange', 'gateway/forward', 'verification/verifier', 'access/signer'];

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

test('the import graph was read: compose imports most rooms', () => {
  const known = new Set(imports.filter(({ from }) => roomOf(from) === 'compose').map(({ to }) => roomOf(to)));
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

/** What both listeners are made of. It knows neither of them. */
const isKit = (file: string): boolean => file.startsWith('http/kit/');

test('http/kit imports nothing of http outside it', () => {
  const wrong = imports.filter(({ from, to }) => isKit(from) && roomOf(to) === 'http' && !isKit(to));
  expect(wrong).toEqual([]);
});

test('the operator API shares http/kit with the public one, the health routes, and nothing else of http', () => {
  const shared = imports.filter(({ from, to }) => roomOf(from) === 'operator' && roomOf(to) === 'http' && !isKit(to));
  // /healthz and /readyz answer alike on both listeners.
  expect(shared.map(({ from, to }) => [from, to])).toEqual([['operator/api', 'http/routes/health']]);
});

test('the door decides without a response: it knows no server, and nothing of Node but types', () => {
  const seen = imports.filter(({ from }) => from === 'http/admission').map(({ to }) => to);
  expect(seen.filter((to) => roomOf(to) === 'http')).toEqual([
    'http/kit/client-ip',
    'http/kit/lines',
    'http/kit/peer',
    'http/kit/read',
  ]);
  expect(readFileSync(join(src, 'http/admission.ts'), 'utf8')).not.toMatch(/ServerResponse|^import (?!type).*'node:/m);
});

test('ports are imported as types outside their own room', () => {
  const values = imports.filter(
    ({ from, to, isType }) =>
      typesOnly.includes(to) && !isType && roomOf(from) !== roomOf(to) && !knowsAll.includes(roomOf(from)),
  );
  expect(values).toEqual([]);
});

test('app.ts imports values from compose alone, and compose nothing from app.ts', () => {
  const values = imports.filter(({ from, isType }) => from === 'app' && !isType).map(({ to }) => roomOf(to));
  expect(new Set(values)).toEqual(new Set(['compose']));
  expect(imports.filter(({ from, to }) => roomOf(from) === 'compose' && to === 'app')).toEqual([]);
});

// A product at work must not hold the code of a demo: compose/venue.ts loads it when it is asked for.
test('the demo venue is imported by nobody, and loaded by compose/venue.ts alone', () => {
  const users = imports.filter(({ from, to }) => roomOf(to) === 'demo-venue' && roomOf(from) !== 'demo-venue');
  expect(users).toEqual([]);
  const mentions = files.filter((file) => /import\([^)]*demo-venue/.test(readFileSync(join(src, file), 'utf8')));
  expect(mentions).toEqual(['compose/venue.ts']);
});

const linesOf = (file: string): number => readFileSync(join(src, file), 'utf8').split('\n').length - 1;

test('app.ts is a list that is read at one sight: at most 100 lines', () => {
  expect(linesOf('app.ts')).toBeLessThanOrEqual(100);
});

/** Files that may be longer than 300 lines, each with its reason. */
const longFiles: Readonly<Record<string, string>> = {
  'config/schema.ts': 'a table: one entry for each setting',
  'starknet/engine/assembly/field.ts': 'the assembly: one field in one file',
  'starknet/engine/assembly/kernel.ts': 'the assembly: the entry points of one module',
  'telemetry/metrics.ts': 'a table: one entry for each metric',
};

test('no file of src/ is longer than 300 lines, but the listed ones', () => {
  const long = files.filter((file) => linesOf(file) > 300);
  expect(long.filter((file) => !(file in longFiles))).toEqual([]);
});

test('no file is listed as longer than 300 lines that is gone or short', () => {
  const stale = Object.keys(longFiles).filter((file) => !files.includes(file) || linesOf(file) <= 300);
  expect(stale).toEqual([]);
});

test('what the store does on every database knows none of them: store/sqlite is imported by itself and by compose alone', () => {
  const users = imports.filter(({ to }) => to.startsWith('store/sqlite/')).map(({ from }) => from);
  expect(users.filter((from) => !from.startsWith('store/sqlite/') && roomOf(from) !== 'compose')).toEqual([]);
  expect(users).toContain('compose/core');
});

test('the ports of the store are made of types: they know no statement and no table', () => {
  const ports = imports.filter(({ from }) => from === 'store/store' || from.startsWith('store/ports/'));
  expect(ports.filter(({ isType }) => !isType)).toEqual([]);
  expect(ports.filter(({ to }) => roomOf(to) === 'store' && !to.startsWith('store/ports/'))).toEqual([]);
});

// Whoever asked for them beside what was read could forget to: rows and facts come with what could not be written laid over them.
test('denials are known to the room of the view alone, and made by compose', () => {
  const users = imports.filter(({ to, isType }) => to === 'revocation/denials' && !isType).map(({ from }) => from);
  expect(users.filter((from) => roomOf(from) !== 'revocation')).toEqual(['compose/revocation']);
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

test('the client library runs where there is no Node.js: nothing that it imports names node:, Buffer or process', () => {
  const closure = clientClosure(src, '.ts');
  expect(closure.map(({ file }) => file)).toEqual(expect.arrayContaining(['client/main.ts', 'starknet/message.ts']));
  expect(['import x from "node:fs"', 'Buffer.from()', 'process.env'].every((code) => nodeWords.test(code))).toBe(true);
  expect(closure.filter(({ code }) => nodeWords.test(code)).map(({ file }) => file)).toEqual([]);
});

test('the client library imports no room of the server, types included, and three packages', () => {
  const closure = clientClosure(src, '.ts');
  expect(closure.filter(({ file }) => !['client', ...crypto].includes(roomOf(file)))).toEqual([]);
  const packages = closure.flatMap(({ file, packages }) => packages.map((target) => ({ file, target })));
  expect(packages.map(({ target }) => target)).toContain('@scure/starknet');
  expect(packages.filter(({ target }) => !clientPackages.test(target))).toEqual([]);
});

test('no file compares a kind of credential with a name: a new kind is a row of domain/kinds.ts and its use case', () => {
  const names = credentialKinds.join('|');
  const comparison = new RegExp(`(?:[!=]==? *|case +)'(?:${names})'|'(?:${names})' *[!=]==?`);
  expect(["if (kind !== 'token')", "case 'evm':", "'subkey' === kind"].every((code) => comparison.test(code))).toBe(
    true,
  );
  expect(files.filter((file) => comparison.test(readFileSync(join(src, file), 'utf8')))).toEqual([]);
});

test('no file but jwt/kinds.ts holds the typ or audience of a kind of JWT, or compares the use of a key with a name', () => {
  const written = keyUses.flatMap((use) => [jwtKinds[use].typ, jwtKinds[use].aud]).filter((text) => text !== 'JWT');
  const comparison = new RegExp(`\\b(?:use|typ|aud)\\b *[!=]==? *'(?:${keyUses.join('|')}|JWT)'`);
  expect(
    ["use === 'session'", "verifier?.use !== 'terminal'", "typ === 'JWT'"].every((code) => comparison.test(code)),
  ).toBe(true);
  const telling = files.filter((file) => {
    const text = readFileSync(join(src, file), 'utf8');
    return comparison.test(text) || written.some((one) => text.includes(`'${one}'`));
  });
  // The second is the code of one kind: it reads what jwt/issue.ts wrote for the terminal.
  expect(telling.sort()).toEqual(['jwt/kinds.ts', 'jwt/terminal-claims.ts']);
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

const consoleFiles = readdirSync(join(root, 'console'), { recursive: true, encoding: 'utf8' }).filter((file) =>
  /[.]tsx?$/.test(file),
);
/** What a file of the console loads, as it says it; types too. */
const consoleImports = consoleFiles.flatMap((file) =>
  [...readFileSync(join(root, 'console', file), 'utf8').matchAll(/(?:\bfrom\s+|\bimport\s*\(?\s*)'([^']+)'/g)].map(
    ([, target = '']) => ({
      file,
      target: target.startsWith('.') ? relative(root, resolve(root, 'console', dirname(file), target)) : target,
    }),
  ),
);
/** In programs that it shows, to be copied: neither package is installed here, so that importing one would not build. */
const isShown = (file: string, target: string) =>
  file === 'words/snippets.ts' && ['ccxt', 'countersign-client'].includes(target);
const consolePackages = /^(?:react|react-dom|@base-ui[/]react|@tanstack[/]react-query|wouter|mipd|uqr)(?:[/]|$)/;

test('the console knows the server through the client library alone: it imports its own files, src/client and its packages', () => {
  const build = ['vite.config.ts'];
  const wrong = consoleImports.filter(
    ({ file, target }) =>
      !build.includes(file) &&
      !isShown(file, target) &&
      !/^(?:console|src[/]client)[/]/.test(target) &&
      !consolePackages.test(target),
  );
  expect(wrong).toEqual([]);
  expect(consoleImports.filter(({ target }) => target === 'react-dom/client')).toHaveLength(1);
});

/** For each room of the console, the rooms, files and packages it may import from, besides itself and the client library. */
const consoleArrows: Readonly<Record<string, readonly string[]>> = {
  words: [],
  worker: ['words', 'app/secret.ts'],
  parts: ['words', 'react', '@base-ui/react', 'wouter'],
  app: ['parts', 'words', 'worker', 'react', 'react-dom', '@base-ui/react', '@tanstack/react-query', 'wouter', 'mipd'],
  // The one list of pages.
  'app/page-files.ts': ['app', 'pages', 'react'],
  pages: ['app', 'parts', 'words', 'worker', 'react', '@tanstack/react-query', 'wouter', 'uqr'],
};

test('no room of the console imports from another without an arrow: words know no React, parts no page and no session, and only their one list knows the pages', () => {
  const roomOf = (file: string) => (Object.hasOwn(consoleArrows, file) ? file : (file.split('/')[0] ?? ''));
  const wrong = consoleImports.flatMap(({ file, target }) => {
    if (!file.includes('/') || target.startsWith('src/client/') || isShown(file, target)) return [];
    const [room, to] = [roomOf(file), target.replace(/^console[/]/, '')];
    const mayUse = [room, ...(consoleArrows[room] ?? [])];
    return mayUse.some((one) => to === one || to.startsWith(`${one}/`)) ? [] : [`${file} -> ${to}`];
  });
  expect(wrong).toEqual([]);
});

test('no file of the console is longer than 300 lines', () => {
  const long = consoleFiles.filter(
    (file) => readFileSync(join(root, 'console', file), 'utf8').split('\n').length > 301,
  );
  expect(long).toEqual([]);
});

test('nothing of src/ imports the console', () => {
  expect(imports.filter(({ to }) => to.startsWith('../console'))).toEqual([]);
});

// The page's policy refuses all of these, but only in the browser of whoever meets it.
test('no file of the console writes markup, a style attribute, a cookie or a request of its own', () => {
  const ways =
    /dangerouslySetInnerHTML|innerHTML|insertAdjacentHTML|\bstyle=|document[.]cookie|\bfetch\(|XMLHttpRequest|\beval\(/;
  expect(consoleFiles.filter((file) => ways.test(readFileSync(join(root, 'console', file), 'utf8')))).toEqual([]);
});
