#!/usr/bin/env node
// The owner's commands as a program of their own, for whoever installs the client alone.
import { runOwner } from './run.ts';

// Without a listener, Node opens the debugger at this signal, and the debugger shows every key in memory.
process.on('SIGUSR1', () => undefined);
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

const code = await runOwner(process.argv.slice(2), 'countersign-client');
await new Promise<void>((resolve) => {
  process.stdout.write('', () => setImmediate(resolve));
});
process.exitCode = code !== 0 || broken === undefined ? code : broken.code === 'EPIPE' ? READER_GONE : 1;
