// Process entry: the first argument names a command, and its answer is the exit code. The only file that calls process.exit.
import { isDebuggerOpen } from './cli/no-debugger.ts';

// The line above stays first: a signal that comes before it opens the debugger.

import { exitCodeAfter, watchPrinting } from './cli/printing.ts';
import { runCommand } from './cli/run.ts';

// Whatever is made here, by a library too, is for its owner alone.
process.umask(0o077);

async function run(): Promise<number> {
  if (!(await isDebuggerOpen())) return runCommand(process.argv.slice(2));
  process.stderr.write(
    'countersign: a debugger is open (--inspect, NODE_OPTIONS or SIGUSR1), which anybody on this machine could use; start without it\n',
  );
  return 1;
}

watchPrinting();
const code = await exitCodeAfter(await run());
// An exit would wait for the thread that writes, for as long as nobody reads.
if (code === undefined) process.kill(process.pid, 'SIGKILL');
process.exit(code);
