#!/usr/bin/env node
// The entry of every command in a clone: installs exactly what package-lock.json names, then hands over to the pinned Node.js. The package
// has bin/countersign.cjs instead. Plain CommonJS for an old Node.js (14.18): it loads Node's own modules and start/
// only, and never starts a command on an install or a build that did not finish.
'use strict';

const { spawnSync } = require('node:child_process');
const { createHash } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { tellLeftOut } = require('./start/browser-tests.cjs');
const { ensureConsoleBuilt } = require('./start/console.cjs');
const { withLock } = require('./start/lock.cjs');
const { exitAs, ifPresent, PROGRESS_MS, run, say, seconds } = require('./start/run.cjs');

const ROOT = __dirname;
const BIN = path.join(ROOT, 'node_modules', '.bin');
const CLIENTS = path.join(ROOT, 'test', 'clients');
const OLDEST_NODE = 24;
/** What shows the console. */
const NEEDS_CONSOLE = ['serve', 'demo', 'test', 'console:build'];

const PROBE_TIMEOUT_MS = 10_000;
const WINDOWS = process.platform === 'win32';

// ---- installing -----------------------------------------------------------------------------------------------------

/** Installs what folder/package-lock.json names, unless the stamp of the last finished install says it is there. */
async function ensureInstalled(folder) {
  const lockfile = path.join(folder, 'package-lock.json');
  if (readStamp(folder) === wantedStamp(lockfile)) return;
  await withLock(path.join(folder, '.install-lock'), 'installing the dependencies', async (stillOurs) => {
    const wanted = wantedStamp(lockfile);
    if (readStamp(folder) === wanted) return; // another start did it while we waited
    await install(folder);
    const missing = missingHere(folder, lockfile);
    if (missing !== undefined) {
      throw new Error(`npm did not install ${missing}; check the network and run the same command again.`);
    }
    if (!stillOurs()) throw new Error('another start took the install over; run the same command again.');
    fs.mkdirSync(path.join(folder, 'node_modules'), { recursive: true });
    fs.writeFileSync(stampFile(folder), wanted);
  });
}

function stampFile(folder) {
  return path.join(folder, 'node_modules', '.countersign-install');
}

function readStamp(folder) {
  return ifPresent(() => fs.readFileSync(stampFile(folder), 'utf8'));
}

/** Names the platform too: a folder shared between machines holds the binaries of one of them. */
function wantedStamp(lockfile) {
  const hash = createHash('sha256').update(fs.readFileSync(lockfile)).digest('hex');
  return `${hash} ${process.platform}-${process.arch}\n`;
}

async function install(folder) {
  const where = path.relative(ROOT, folder);
  say(`installing the dependencies${where && ` of ${where}`} (${reasonToInstall(folder)}) ...`);
  const started = Date.now();
  const progress = setInterval(() => say(`still installing, ${seconds(started)} so far`), PROGRESS_MS);
  // A stamp must never outlive the install it vouches for, however this one ends.
  ifPresent(() => fs.unlinkSync(stampFile(folder)));
  const args = [
    'ci',
    // NODE_ENV=production and the user's `omit` leave out what checks, tests and the pinned Node.js need.
    '--include=dev',
    '--include=optional',
    '--include=peer',
    '--ignore-scripts',
    // Under an old Node.js the install must go through: it is what brings the new one.
    '--engine-strict=false',
    // A package.json above us that names us a part of its workspace would decide what is installed, and from where.
    '--workspaces=false',
  ];
  // npm must not run on the Node.js in node_modules, which it is about to replace.
  const env = withPath((entries) => entries.filter((entry) => path.resolve(entry) !== BIN));
  try {
    const options = { cwd: folder, env, shell: WINDOWS, stdio: ['ignore', 'pipe', 'pipe'] };
    const result = await run(WINDOWS ? 'npm.cmd' : 'npm', args, options);
    // Even if npm finished: after a stop signal the command must not start.
    if (result.received !== null) throw Object.assign(new Error('stopped'), { stoppedBy: result.received });
    if (result.code === 0) {
      say(`installed in ${seconds(started)}`);
      return;
    }
    process.stderr.write(result.output);
    const end = result.signal === null ? `ended with code ${result.code}` : `was ended by ${result.signal}`;
    throw new Error(`npm ci ${end}, see its output above; mend the cause and run the same command again.`);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    throw new Error('npm was not found on the PATH; install Node.js with npm and run the same command again.');
  } finally {
    clearInterval(progress);
  }
}

function reasonToInstall(folder) {
  if (!fs.existsSync(path.join(folder, 'node_modules'))) return 'none are installed yet';
  if (readStamp(folder) === undefined) return 'no record of a finished install';
  return 'package-lock.json or the platform has changed';
}

/**
 * The first package made for exactly this platform that is not there. npm ends with 0 although a package listed as
 * optional could not be fetched, and the pinned Node.js is such a package.
 */
function missingHere(folder, lockfile) {
  const packages = JSON.parse(fs.readFileSync(lockfile, 'utf8')).packages || {};
  const libc = process.report?.getReport().header.glibcVersionRuntime ? 'glibc' : 'musl';
  const madeForHere = ([, entry]) =>
    entry.os?.includes(process.platform) &&
    entry.cpu?.includes(process.arch) &&
    (!entry.libc || entry.libc.includes(libc));
  const missing = Object.entries(packages)
    .filter(madeForHere)
    .find(([name]) => !fs.existsSync(path.join(folder, name, 'package.json')));
  return missing?.[0];
}

/**
 * A copy of the environment with its search path changed. Windows spells the variable `Path`. Relative entries are left out, and so are the
 * tools of folders above, which npm adds: others may be able to write there.
 */
function withPath(change) {
  const name = Object.keys(process.env).find((key) => key.toUpperCase() === 'PATH') || 'PATH';
  const entries = (process.env[name] || '')
    .split(path.delimiter)
    .filter((entry) => path.isAbsolute(entry) && !areToolsAbove(entry));
  return { ...process.env, [name]: change(entries).join(path.delimiter) };
}

function areToolsAbove(entry) {
  const above = /^(.*)[\\/]node_modules[\\/]\.bin[\\/]*$/.exec(path.normalize(entry));
  if (above === null) return false;
  const folder = realFolder(above[1] + path.sep);
  return folder !== ROOT && isInside(ROOT, folder);
}

function realFolder(folder) {
  try {
    return fs.realpathSync(folder);
  } catch {
    return path.resolve(folder); // Not readable: no tool is found there either.
  }
}

function isInside(file, folder) {
  const way = path.relative(folder, file);
  return way !== '..' && !way.startsWith(`..${path.sep}`) && !path.isAbsolute(way);
}

// ---- the Node.js to hand over to ------------------------------------------------------------------------------------

/**
 * The pinned Node.js if it runs here, else the current one if it is new enough. NODE_OPTIONS written for another
 * version is dropped rather than failed on.
 */
function findNode() {
  const candidates = [pinnedNode(), process.execPath].filter((file) => fs.existsSync(file));
  for (const file of candidates) {
    if (runsTypeScript(file, process.env)) return file;
    if (!process.env.NODE_OPTIONS) continue;
    const env = { ...process.env };
    delete env.NODE_OPTIONS;
    if (!runsTypeScript(file, env)) continue;
    say(`ignoring NODE_OPTIONS=${process.env.NODE_OPTIONS}: Node.js ${OLDEST_NODE} cannot run this command with it`);
    delete process.env.NODE_OPTIONS;
    return file;
  }
  throw new Error(
    `Node.js ${OLDEST_NODE} or newer is needed: this is ${process.version}, and there is no pinned Node.js that runs on ` +
      `${process.platform}-${process.arch}; install one from https://nodejs.org and run the same command again.`,
  );
}

/** In our own node_modules, and in that of no folder above: others may be able to write there. */
function pinnedNode() {
  const name = `node-${WINDOWS ? 'win' : process.platform}-${process.arch}`;
  return path.join(ROOT, 'node_modules', name, 'bin', WINDOWS ? 'node.exe' : 'node');
}

function runsTypeScript(file, env) {
  const script = 'process.versions.node + " " + process.features.typescript';
  const probe = spawnSync(file, ['-p', script], { env, encoding: 'utf8', timeout: PROBE_TIMEOUT_MS });
  if (probe.error || probe.status !== 0) return false;
  // The last line: something preloaded through NODE_OPTIONS may print too.
  const [version, typescript] = probe.stdout.trim().split('\n').pop().split(' ');
  return Number.parseInt(version, 10) >= OLDEST_NODE && typescript === 'strip';
}

// ---- the commands ---------------------------------------------------------------------------------------------------

function tool(...segments) {
  return path.join(ROOT, 'node_modules', ...segments);
}

async function test(node, args, options) {
  const result = await run(node, [tool('vitest', 'vitest.mjs'), 'run', ...args], options);
  tellLeftOut(ROOT, args);
  return result;
}

/** Unit tests that take as long as all others, with the Stark curve in plain JavaScript, by the ten thousand or by the second: `npm test` runs them. */
const SLOW_UNIT_TESTS = [
  'test/unit/access/target-encoded.test.ts',
  'test/unit/starknet/**',
  'test/unit/verification/verifier.test.ts',
  'test/unit/orders/**',
  'test/unit/client/private-key.test.ts',
  'test/unit/console/addresses-random.test.ts',
  'test/unit/domain/ip-text.test.ts',
  'test/unit/owner/commands.test.ts',
  'test/unit/usage/usage.test.ts',
];

/** Incremental: results for unchanged files are kept for the next run. One checker: several check the types that they share again, and the units run beside. */
function types(kept, ...args) {
  const file = path.join('node_modules', '.cache', `${kept}.tsbuildinfo`);
  const kind = ['--noEmit', '--checkers', '1', '--incremental', '--tsBuildInfoFile', file];
  return [tool('typescript', 'bin', 'tsc'), ...kind, ...args];
}

/** What a commit must pass. The unit tests run beside the rest, and are ended where that fails. */
async function check(node, options) {
  const started = Date.now();
  let units;
  const vitest = [tool('vitest', 'vitest.mjs'), 'run', '--no-isolate', 'test/unit'];
  // No isolation: starting a process per file takes as long as these tests.
  const testing = run(node, [...vitest, ...SLOW_UNIT_TESTS.map((pattern) => `--exclude=${pattern}`)], {
    ...options,
    stdio: ['ignore', 'pipe', 'pipe'],
    onStart: (child) => {
      units = child;
    },
  });
  const testedIn = testing.then(() => seconds(started));
  const steps = [
    ['format and lint', [tool('@biomejs', 'biome', 'bin', 'biome'), 'ci', '.']],
    ['types', types('types')],
    ['types of the console', types('console', '-p', 'console')],
  ];
  for (const [name, args] of steps) {
    const stepStarted = Date.now();
    const result = await run(node, args, options);
    const passed = result.code === 0 && result.received === null;
    if (!passed) {
      units.kill();
      await testing;
    }
    if (result.received !== null) return { code: null, signal: result.received };
    say(`check: ${name} ${passed ? 'passed' : 'failed'} in ${seconds(stepStarted)}`);
    if (!passed) return result;
  }
  const tested = await testing;
  if (tested.received !== null) return { code: null, signal: tested.received };
  process.stdout.write(tested.output);
  say(`check: unit tests ${tested.code === 0 ? 'passed' : 'failed'} in ${await testedIn}`);
  if (tested.code === 0) say(`check: everything passed in ${seconds(started)}`);
  return tested;
}

async function main() {
  const args = process.argv.slice(2);
  await ensureInstalled(ROOT);
  if (args[0] === 'test' && fs.existsSync(path.join(CLIENTS, 'package.json'))) await ensureInstalled(CLIENTS);
  const node = findNode();
  if (NEEDS_CONSOLE.includes(args[0])) await ensureConsoleBuilt(ROOT, node, args);
  if (args[0] === 'console:build') return { code: 0, signal: null };
  const env = withPath((entries) => [BIN, ...entries]);
  if (args[0] === 'test') return test(node, args.slice(1), { cwd: ROOT, env, stdio: 'inherit' });
  if (args[0] === 'check') return check(node, { cwd: ROOT, env, stdio: 'inherit' });
  return run(node, ['--disable-sigusr1', path.join(ROOT, 'src', 'main.ts'), ...args], { stdio: 'inherit' });
}

// Without a listener, SIGUSR1 opens the debugger of this process to every user of the machine.
process.on('SIGUSR1', () => undefined);
main().then(exitAs, (error) => {
  if (error.stoppedBy !== undefined) exitAs({ signal: error.stoppedBy });
  say(error.message);
  process.exit(1);
});
