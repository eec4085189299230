// The console's files in dist/console: built when what they are made of has changed. Plain CommonJS for an old Node.js (14.18).
'use strict';

const { createHash, randomBytes } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { withLock } = require('./lock.cjs');
const { ifPresent, PROGRESS_MS, run, say, seconds } = require('./run.cjs');

/** Of the project's folder: all that a build reads. The client library's imports stay within these folders. */
const MADE_OF = [
  'console',
  'src/client',
  'src/domain',
  'src/ethereum',
  'src/starknet',
  'tsconfig.json',
  'package-lock.json',
];
/** In the folder that it vouches for, so that whoever empties or replaces the folder takes it away. */
const STAMP = '.stamp';
const UNWRITABLE = ['EACCES', 'EPERM', 'EROFS'];

/**
 * Builds root/dist/console with the given Node.js, unless the stamp in it says that it is made of what is there, or the command is a server
 * whose settings switch the console off.
 */
async function ensureConsoleBuilt(root, node, [command, ...args]) {
  if (!fs.existsSync(path.join(root, 'console', 'vite.config.ts'))) return;
  if (readStamp(root) === wantedStamp(root)) return;
  if (command === 'serve' && (await isSwitchedOff(root, node, args))) return;
  try {
    await withLock(path.join(root, '.install-lock'), 'building the console', async (stillOurs) => {
      const wanted = wantedStamp(root);
      if (readStamp(root) === wanted) return; // another start did it while we waited
      await build(root, node, wanted, stillOurs);
    });
  } catch (error) {
    if (!UNWRITABLE.includes(error.code)) throw error;
    throw new Error(
      `the console must be built, and that failed: ${error.message}; run \`npm run console:build\` as a user who may write there.`,
    );
  }
}

/** The server reads its settings itself. When in doubt it is on: a setting that is not accepted is the server's to refuse. */
async function isSwitchedOff(root, node, args) {
  const shown = [path.join(root, 'src', 'main.ts'), 'config', 'show', '--json', ...args];
  const result = await run(node, ['--disable-sigusr1', ...shown], { stdio: ['ignore', 'pipe', 'pipe'] });
  if (result.received !== null) throw Object.assign(new Error('stopped'), { stoppedBy: result.received });
  return result.code === 0 && /"name": "console\.enabled",\s*"value": "false"/.test(result.output);
}

function built(root) {
  return path.join(root, 'dist', 'console');
}

function readStamp(root) {
  return ifPresent(() => fs.readFileSync(path.join(built(root), STAMP), 'utf8'));
}

function wantedStamp(root) {
  const hash = createHash('sha256');
  const add = (name) => {
    const file = path.join(root, name);
    const stat = ifPresent(() => fs.statSync(file));
    if (stat === undefined) return; // deleted since it was listed: the next start sees the rest
    if (stat.isDirectory()) {
      for (const entry of fs.readdirSync(file).sort()) add(`${name}/${entry}`);
      return;
    }
    const content = fs.readFileSync(file);
    hash.update(`${name}\0${content.length}\0`).update(content);
  };
  for (const name of MADE_OF) add(name);
  return `${hash.digest('hex')}\n`;
}

/** Beside its place first: whatever ends this process, a later start finds the whole of a build or none of it. */
async function build(root, node, wanted, stillOurs) {
  say(`building the console (${reason(root)}) ...`);
  const started = Date.now();
  const dist = path.dirname(built(root));
  fs.mkdirSync(dist, { recursive: true });
  removeUnfinished(dist);
  const fresh = path.join(dist, `.console-${randomBytes(6).toString('hex')}`);
  try {
    await runVite(root, node, fresh, started);
    if (!stillOurs()) throw new Error('another start took the build over; run the same command again.');
    fs.writeFileSync(path.join(fresh, STAMP), wanted);
    replace(built(root), fresh);
    say(`built in ${seconds(started)}`);
  } finally {
    removeUnfinished(dist);
  }
}

function reason(root) {
  if (!fs.existsSync(built(root))) return 'none is built yet';
  if (readStamp(root) === undefined) return 'no record of a finished build';
  return 'its sources have changed';
}

async function runVite(root, node, folder, started) {
  const vite = path.join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  const config = path.join(root, 'console', 'vite.config.ts');
  const args = [vite, 'build', '--config', config, '--outDir', folder, '--emptyOutDir'];
  // Under another NODE_ENV the parts would be built with their development checks.
  const env = { ...process.env, NODE_ENV: 'production' };
  const progress = setInterval(() => say(`still building, ${seconds(started)} so far`), PROGRESS_MS);
  try {
    const result = await run(node, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
    // Even if it finished: after a stop signal the command must not start.
    if (result.received !== null) throw Object.assign(new Error('stopped'), { stoppedBy: result.received });
    if (result.code === 0) return;
    process.stderr.write(result.output);
    const end = result.signal === null ? `ended with code ${result.code}` : `was ended by ${result.signal}`;
    throw new Error(`vite build ${end}, see its output above; mend the cause and run the same command again.`);
  } finally {
    clearInterval(progress);
  }
}

function replace(folder, fresh) {
  const old = `${fresh}-old`;
  ifPresent(() => fs.renameSync(folder, old));
  fs.renameSync(fresh, folder);
}

/** Only by the holder of the lock: nobody else's build is under way. */
function removeUnfinished(dist) {
  const unfinished = fs.readdirSync(dist).filter((name) => name.startsWith('.console-'));
  for (const name of unfinished) fs.rmSync(path.join(dist, name), { recursive: true, force: true });
}

module.exports = { ensureConsoleBuilt, MADE_OF };
