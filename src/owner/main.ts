#!/usr/bin/env node
// The owner's commands as a program of their own, for whoever installs the client alone.
import { isDebuggerOpen } from './no-debugger.ts';

// The import above stays first, and alone: until it runs, SIGUSR1 opens the debugger.

// Every file made by this process is for its owner alone.
process.umask(0o077);

/** The exit code that shells show for a program ended by SIGPIPE. */
const READER_GONE = 141;
let broken: NodeJS.ErrnoException | undefined;
process.stdout.on('error', (error) => {
  broken ??= error;
});
// There is no place left to report it.
process.stderr.on('error', () => undefined);

/** With JSON.rawJSON: older ones read no exact times. */
const OLDEST_NODE = 22;

async function run(): Promise<number> {
  const why = await whyNot();
  if (why === undefined) return (await import('./run.ts')).runOwner(process.argv.slice(2), 'countersign-client');
  process.stderr.write(`countersign-client: ${why}\n`);
  return 1;
}

async function whyNot(): Promise<string | undefined> {
  const { node } = process.versions;
  if (Number.parseInt(node, 10) < OLDEST_NODE)
    return (
      `Node.js ${OLDEST_NODE} or newer is needed, and this is v${node}; ` +
      'put a newer one first on the PATH (https://nodejs.org) and run the same command again.'
    );
  return (await isDebuggerOpen())
    ? 'a debugger is open (--inspect, NODE_OPTIONS or SIGUSR1), which anybody on this machine could use; start without it'
    : undefined;
}

const code = await run();
await new Promise<void>((resolve) => {
  process.stdout.write('', () => setImmediate(resolve));
});
process.exitCode = code !== 0 || broken === undefined ? code : broken.code === 'EPIPE' ? READER_GONE : 1;
