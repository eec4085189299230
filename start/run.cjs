// What every step of a start does: says what it is at, and runs a program in our place. Plain CommonJS for an old Node.js (14.18).
'use strict';

const { spawn } = require('node:child_process');
const os = require('node:os');

/** How often a long step says that it is still at work. */
const PROGRESS_MS = 15_000;
/** Of a program's output, which is printed if it fails. */
const OUTPUT_LIMIT = 64 * 1024;
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

/**
 * Runs a child to its end and passes our signals on to it. Resolves to { code, signal, received, output }: how it ended,
 * the last signal we were sent meanwhile, and the tail of its output if options.stdio pipes it. options.onStart has the child.
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
    if (options.onStart) options.onStart(child);
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

function ifPresent(read) {
  try {
    return read();
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

module.exports = { exitAs, ifPresent, PROGRESS_MS, run, say, seconds };
