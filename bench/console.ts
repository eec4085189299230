// What the console costs: bytes until sign-in can be used and bytes that come later, a clean build, from navigation to usable, and memory of a page
// that stays open. It prints and asserts nothing.
// Usage: node bench/console.ts [--rounds=10] [--builds=3] [--pages=100]
//
// A real Chromium on loopback, with a fresh profile for each round, so that nothing is in a cache. Times are from outside the browser: what drives
// it is in them. Bytes are gzipped here, file by file, whatever the server's coding. Memory is the heap of the page after a forced collection.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { chromiumFile } from '../test/support/chromium.ts';
import { type OpenConsole, openConsole, type Visit } from '../test/support/console/open-console.ts';
import { type ConsoleOwner, createOwner } from '../test/support/console/owners.ts';
import { temporaryFolder } from '../test/support/temporary-folder.ts';
import { rounded, spread } from './support/measure.ts';
import { count, heading, onlyFlags, say, table } from './support/report.ts';

onlyFlags('rounds', 'builds', 'pages');
const rounds = count('rounds', 10, 100);
const builds = count('builds', 3, 20);
const pages = count('pages', 100, 10_000);
const KEYS = 20;
const root = join(import.meta.dirname, '..');
const READ_ONLY = '/console/keys/read-only';

/** Seconds of a build into an empty folder. */
function buildSeconds(): number {
  const program = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  const args = [program, 'build', '--config', join(root, 'console', 'vite.config.ts'), '--emptyOutDir'];
  const begun = performance.now();
  const env = { ...process.env, NODE_ENV: 'production' };
  const { status, stderr } = spawnSync(process.execPath, [...args, '--outDir', temporaryFolder('built')], { env });
  if (status !== 0) throw new Error(`vite build failed: ${String(stderr)}`);
  return (performance.now() - begun) / 1000;
}

const kilobytes = (bytes: number): string => `${rounded(bytes / 1000)} KB`;
const bytes = (files: readonly string[]): number => files.reduce((sum, file) => sum + statSync(file).size, 0);
const gzipped = (files: readonly string[]): number =>
  files.reduce((sum, file) => sum + gzipSync(readFileSync(file), { level: 9 }).byteLength, 0);

interface Loaded {
  readonly scripts: readonly string[];
  readonly styles: readonly string[];
  readonly requests: number;
}

const assets = join(root, 'dist/console/assets');

/** When the choice of sign-in stands there. What is loaded then is for what may be chosen. */
const LOOK = `new MutationObserver((_, look) => {
  if (!document.body?.textContent.includes('Starknet private key')) return;
  globalThis.usableAt = performance.now();
  look.disconnect();
}).observe(document, { childList: true, subtree: true });`;

/** What had come when sign-in stood there. */
async function loadedForSignIn(opened: OpenConsole): Promise<Loaded> {
  const visit = await opened.visit({
    as: 'stranger',
    path: '/console/sign-in',
    prepare: (page) => page.addInitScript(LOOK),
  });
  await visit.page.getByText('Starknet private key').waitFor();
  const files = await visit.page.evaluate<readonly string[]>(
    `performance.getEntriesByType('resource').filter(({ responseEnd }) => responseEnd > 0 && responseEnd <= globalThis.usableAt)
      .map(({ name }) => new URL(name).pathname)`,
  );
  await visit.close();
  const named = (ending: string) =>
    files.filter((path) => path.endsWith(ending)).map((path) => join(root, 'dist', path));
  // And the document.
  return { scripts: named('.js'), styles: named('.css'), requests: files.length + 1 };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

async function eachRound(open: () => Promise<Visit>, work: (visit: Visit) => Promise<number>): Promise<number[]> {
  const figures: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const visit = await open();
    figures.push(await work(visit));
    await visit.close();
  }
  return figures;
}

async function addToSecret({ page, owner }: Visit): Promise<number> {
  await page.getByRole('button', { name: '+ Add New Key' }).first().click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name', { exact: true }).fill('measured');
  await dialog.getByRole('radio', { name: 'Anywhere' }).check();
  await dialog.locator('input[type=password]').fill(owner.privateKey);
  return timed(async () => {
    await dialog.getByRole('button', { name: 'Sign and add' }).click();
    await page.getByText('Save your read-only key now').waitFor();
  });
}

interface Memory {
  /** Bytes of the heap. */
  readonly heap: number;
  readonly nodes: number;
  readonly listeners: number;
}

/** Five, so that what is measured after 10, 15 or 100 changes is the last of them, with the same on it. */
const ROUND = ['Activity', 'Devices', 'Wallet', 'Activity', 'Key Management'];

/** After this many changes of page, at each of `after`. */
async function memoryAfter(visit: Visit, after: readonly number[]): Promise<Memory[]> {
  const devtools = await visit.context.newCDPSession(visit.page);
  await devtools.send('HeapProfiler.enable');
  const found: Memory[] = [];
  for (let change = 1; change <= Math.max(...after); change += 1) {
    const name = ROUND[(change - 1) % ROUND.length] ?? '';
    await visit.page.getByRole('navigation').getByRole('link', { name }).first().click();
    await visit.page.getByRole('heading', { level: 1, name }).waitFor();
    if (!after.includes(change)) continue;
    await visit.page.evaluate('new Promise((done) => requestIdleCallback(done))');
    await devtools.send('HeapProfiler.collectGarbage');
    const { usedSize } = await devtools.send('Runtime.getHeapUsage');
    const { nodes, jsEventListeners } = await devtools.send('Memory.getDOMCounters');
    found.push({ heap: usedSize, nodes, listeners: jsEventListeners });
  }
  return found;
}

async function withKeys(opened: OpenConsole): Promise<ConsoleOwner> {
  const owner = await createOwner(opened.url, 'main');
  for (let i = 1; i <= KEYS; i += 1) await owner.client.tokens.create({ name: `key ${String(i).padStart(2, '0')}` });
  return owner;
}

if (chromiumFile === undefined) throw new Error('no chromium on the PATH, nor in CHROMIUM: apt-get install chromium');
heading('The console');
const opened = await openConsole({ settings: { 'tokens.max_live': '1000', 'devices.max_live': '1000' } });
try {
  const buildTimes = Array.from({ length: builds }, buildSeconds);
  const loaded = await loadedForSignIn(opened);
  const named = (pattern: RegExp) =>
    readdirSync(assets)
      .filter((name) => pattern.test(name))
      .map((name) => join(assets, name));
  table(
    'Bytes, gzipped',
    ['', 'measured', 'goal'],
    [
      [
        `JavaScript until sign-in can be used (${loaded.scripts.length} files)`,
        kilobytes(gzipped(loaded.scripts)),
        '180 KB',
      ],
      [`style sheets of the same (${loaded.styles.length} files)`, kilobytes(gzipped(loaded.styles)), '15 KB'],
      ['the worker that signs', kilobytes(gzipped(named(/worker-[^.]+\.js$/))), '18 KB'],
      ['the QR code, when it is shown', kilobytes(gzipped(named(/^qr-modules-[^.]+\.js$/))), '4 KB'],
      ['both fonts, as they are', kilobytes(bytes(named(/\.woff2$/))), ''],
      ['all scripts', kilobytes(gzipped(named(/\.js$/))), ''],
      ['all style sheets', kilobytes(gzipped(named(/\.css$/))), '15 KB'],
      [`requests until sign-in can be used`, String(loaded.requests), ''],
    ],
  );
  say();
  say(`A clean build: ${spread(buildTimes)} s, of ${builds} (goal: 5).`);

  const owner = await withKeys(opened);
  const signedOut = await eachRound(
    () => opened.visit({ as: 'stranger', path: undefined }),
    (visit) =>
      timed(async () => {
        await visit.page.goto(`${opened.url}/console/sign-in`);
        await visit.page.getByText('Starknet private key').waitFor();
      }),
  );
  const list = await eachRound(
    () => opened.visit({ owner, path: undefined }),
    (visit) =>
      timed(async () => {
        await visit.page.goto(`${opened.url}${READ_ONLY}`);
        await visit.page.getByText('key 01').first().waitFor();
      }),
  );
  const server: number[] = [];
  for (let i = 0; i < rounds; i += 1) server.push(await timed(() => owner.client.tokens.create({ name: 'measured' })));
  const secret = await eachRound(() => opened.visit({ path: READ_ONLY }), addToSecret);
  table(
    `Milliseconds, medians of ${rounds}`,
    ['', 'median (from..to)', 'goal'],
    [
      ['from navigation to sign-in that can be used', spread(signedOut), '1000'],
      [`from navigation, signed in, to a list of ${KEYS} keys`, spread(list), '500'],
      ['from “Sign and add” to the secret', spread(secret), '1000 beside the server'],
      ['the same call of a client in Node.js, with its session', spread(server), ''],
    ],
  );

  const visit = await opened.visit({ owner, path: READ_ONLY });
  const after = [10, pages];
  const memory = await memoryAfter(visit, after);
  table(
    'Memory of a page that stays open, after garbage was collected',
    ['', 'heap', 'nodes', 'listeners'],
    memory.map(({ heap, nodes, listeners }, i) => [
      `after ${after[i]} changes of page`,
      `${rounded(heap / 1e6)} MB`,
      String(nodes),
      String(listeners),
    ]),
  );
  await visit.close();
} finally {
  await opened.close();
}
