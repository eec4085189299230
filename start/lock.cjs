// One start at a time installs or builds. Plain CommonJS for an old Node.js (14.18).
'use strict';

const { randomBytes } = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { ifPresent, say } = require('./run.cjs');

/** The owner touches its lock this often; a lock not touched for LOCK_STALE_MS is abandoned. */
const LOCK_TOUCH_MS = 5_000;
const LOCK_STALE_MS = 60_000;
const LOCK_RETRY_MS = 250;
/** Error codes of renaming onto a lock folder, or removing it, while it is held. */
const IS_HELD = process.platform === 'win32' ? ['ENOTEMPTY', 'EEXIST', 'EPERM'] : ['ENOTEMPTY', 'EEXIST'];

/**
 * Waits for whoever else holds the lock, which for all we know is `doing` what we are about to do.
 * The lock is a folder; the one file in it names its owner. Renaming a folder onto it succeeds only while it is absent
 * or empty, so exactly one start wins; and an abandoned lock is broken by deleting its owner's file by name, which can
 * never hit the lock of a start that took it meanwhile.
 */
async function withLock(lock, doing, work) {
  const owner = `${process.pid}@${encodeURIComponent(os.hostname())}@${randomBytes(6).toString('hex')}`;
  for (let waiting = false; !takeLock(lock, owner); ) {
    const holder = lockHolder(lock);
    if (holder === undefined || lockIsAbandoned(lock, holder)) {
      dropLock(lock, holder);
      continue;
    }
    if (!waiting) say(`another start (process ${holder.split('@')[0]}) is ${doing}; waiting for it`);
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

module.exports = { withLock };
