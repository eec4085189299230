#!/usr/bin/env node
// The entry of every command in a clone: installs exactly what package-lock.json names, then hands over to the pinned Node.js. The package
// has bin/countersign.cjs instead. Plain CommonJS for an old Node.js (14.18): it loads Node's own modules only, and never starts a command
// on an install that did not finish.
'use strict';

const { spawn, spawnSync } = require('node:child_process');
const { createHash, randomBytes } = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const ROOT = __dirname;
const BIN = path.join(ROOT, 'node_modules', '.bin');
const CLIENTS = path.join(ROOT, 'test', 'clients');
const OLDEST_NODE = 24;

/** The owner touches its install lock this often; a lock not touched for LOCK_STALE_MS is abandoned. */
const LOCK_TOUCH_MS = 5_000;
const LOCK_STALE_MS = 60_000;
const LOCK_RETRY_MS = 250;
const PROGRESS_MS = 15_000;
const PROBE_TIMEOUT_MS = 10_000;
/** Of npm's output, which is printed if npm fails. */
const OUTPUT_LIMIT = 64 * 1024;

const WINDOWS = process.platform === 'win32';
/** Error codes of renaming onto a lock folder, or removing it, while it is held. */
const IS_HELD = WINDOWS ? ['ENOTEMPTY', 'EEXIST', 'EPERM'] : ['ENOTEMPTY', 'EEXIST'];

const FORWARDED_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'];

// A closed stderr must not end this process: a parent may wait for its exit code.
process.stderr.on('error', () => undefined);

/** Progress goes to stderr: stdout belongs to the command we hand over to. */
function say(sentence) {
  process.stderr.write(`countersign: ${sentence}\n`);
}

function seconds(since) {
  return `${((Date.now() - since) / 1000).toFixed(1)} s`;
}

// ---- running a child in our place -----------------------------------------------------------------------------------

/**
 * Runs a child to its end and passes our signals on to it. Resolves to { code, signal, received, output }: how it ended,
 * the last signal we were sent meanwhile, and the tail of its output if options.stdio pipes it.
 */
function run(file, args, options) {
  return new Promise((resolve, reject) => {
    let received = null;
    let output = '';
    const forward = (signal) => {
      received = signal;
      child.kill(signal);
    };
    // Listen before the child exists: a signal in between would end this process and leave the child behind.
    for (const signal of FORWARDED_SIGNALS) process.on(signal, forward);
    const child = spawn(file, args, options);
    const settle = () => {
      for (const signal of FORWARDED_SIGNALS) process.removeListener(signal, forward);
    };
    for (const stream of [child.stdout, child.stderr]) {
      if (!stream) continue;
      stream.setEncoding('utf8');
      stream.on('data', (text) => {
        output = (output + text).slice(-OUTPUT_LIMIT);
      });
    }
    child.on('error', (error) => {
      settle();
      reject(error);
    });
    child.on('close', (code, signal) => {
      settle();
      resolve({ code, signal, received, output });
    });
  });
}

/** Ends this process the way the child ended, so that the parent sees no difference. */
function exitAs(result) {
  if (result.signal === null) process.exit(result.code);
  process.kill(process.pid, result.signal);
  // Only process 1 of a container gets here: the kernel does not let it die of its own signal.
  process.exit(128 + os.constants.signals[result.signal]);
}

// ---- one install at a time ------------------------------------------------------------------------------------------

/**
 * The lock is a folder; the one file in it names its owner. Renaming a folder onto it succeeds only while it is absent
 * or empty, so exactly one start wins; and an abandoned lock is broken by deleting its owner's file by name, which can
 * never hit the lock of a start that took it meanwhile.
 */
async function withLock(lock, work) {
  const owner = `${process.pid}@${encodeURIComponent(os.hostname())}@${randomBytes(6).toString('hex')}`;
  for (let waiting = false; !takeLock(lock, owner); ) {
    const holder = lockHolder(lock);
    if (holder === undefined || lockIsAbandoned(lock, holder)) {
      dropLock(lock, holder);
      continue;
    }
    if (!waiting) say(`another start (process ${holder.split('@')[0]}) is installing the dependencies; waiting for it`);
    waiting = true;
    await new Promise((resolve) => setTimeout(resolve, LOCK_RETRY_MS));
  }
  const touch = setInterval(() => touchLock(lock, owner), LOCK_TOUCH_MS);
  try {
    return await work(() => fs.existsSync(path.join(lock, owner)));
  } finally {
    clearInterval(touch);
    dropLock(lock, owner);
  }
}

function takeLock(lock, owner) {
  const prepared = `${lock}-${owner}`;
  fs.mkdirSync(prepared);
  try {
    fs.writeFileSync(path.join(prepared, owner), '');
    fs.renameSync(prepared, lock);
    return true;
  } catch (error) {
    dropLock(prepared, owner);
    if (IS_HELD.includes(error.code)) return false;
    throw error;
  }
}

function lockHolder(lock) {
  return ifPresent(() => fs.readdirSync(lock)[0]);
}

function lockIsAbandoned(lock, holder) {
  const [pid, host] = holder.split('@');
  if (host === encodeURIComponent(os.hostname()) && !isAlive(Number(pid))) return true;
  // The process id may belong to a newer process, or to another machine: then the time decides.
  const file = ifPresent(() => fs.statSync(path.join(lock, holder)));
  return file === undefined || Date.now() - file.mtimeMs > LOCK_STALE_MS;
}

function isAlive(pid) {
  if (pid === process.pid) return false; // an earlier process with our id: we do not hold the lock
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code !== 'ESRCH';
  }
}

function touchLock(lock, owner) {
  const now = new Date();
  ifPresent(() => fs.utimesSync(path.join(lock, owner), now, now));
}

function dropLock(lock, owner) {
  if (owner !== undefined) ifPresent(() => fs.unlinkSync(path.join(lock, owner)));
  try {
    fs.rmdirSync(lock);
  } catch (error) {
    // Gone, or taken by another start between the two calls: either way it is no longer ours.
    if (error.code !== 'ENOENT' && !IS_HELD.includes(error.code)) throw error;
  }
}

function ifPresent(read) {
  try {
    return read();
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

// ---- installing -----------------------------------------------------------------------------------------------------

/** Installs what folder/package-lock.json names, unless the stamp of the last finished install says it is there. */
async function ensureInstalled(folder) {
  const lockfile = path.join(folder, 'package-lock.json');
  if (readStamp(folder) === wantedStamp(lockfile)) return;
  await withLock(path.join(folder, '.install-lock'), async (stillOurs) => {
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
  return run(node, [tool('vitest', 'vitest.mjs'), 'run', ...args], options);
}

const TYPES_KEPT = path.join('node_modules', '.cache', 'types.tsbuildinfo');
/** Unit tests that compare with the Stark curve in plain JavaScript: half of the time of all, and `npm test` runs them. */
const SLOW_UNIT_TESTS = ['test/unit/starknet/**', 'test/unit/verification/verifier.test.ts', 'test/unit/orders/**'];

/** What a commit must pass, in order of speed; stops at the first step that fails. */
async function check(node, options) {
  const started = Date.now();
  const vitest = [tool('vitest', 'vitest.mjs'), 'run', '--no-isolate', 'test/unit'];
  const steps = [
    ['format and lint', [tool('@biomejs', 'biome', 'bin', 'biome'), 'ci', '.']],
    // Incremental: results for unchanged files are kept for the next run.
    ['types', [tool('typescript', 'bin', 'tsc'), '--noEmit', '--incremental', '--tsBuildInfoFile', TYPES_KEPT]],
    // No isolation: starting a process per file takes as long as these tests.
    ['unit tests', [...vitest, ...SLOW_UNIT_TESTS.map((pattern) => `--exclude=${pattern}`)]],
  ];
  for (const [name, args] of steps) {
    const stepStarted = Date.now();
    const result = await run(node, args, options);
    if (result.received !== null) return { code: null, signal: result.received };
    const passed = result.code === 0;
    say(`check: ${name} ${passed ? 'passed' : 'failed'} in ${seconds(stepStarted)}`);
    if (!passed) return result;
  }
  say(`check: everything passed in ${seconds(started)}`);
  return { code: 0, signal: null };
}

async function main() {
  const args = process.argv.slice(2);
  await ensureInstalled(ROOT);
  if (args[0] === 'test' && fs.existsSync(path.join(CLIENTS, 'package.json'))) await ensureInstalled(CLIENTS);
  const node = findNode();
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
