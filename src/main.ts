// Process entry: runs one command and exits with its code. The only file that calls process.exit.
import { isDebuggerOpen } from './owner/no-debugger.ts';

// The import above stays first: until it runs, SIGUSR1 opens the debugger.

import { exitCodeAfter, watchPrinting } from './cli/printing.ts';
import { runCommand } from './cli/run.ts';

// Every file made by this process, by libraries too, is for its owner alone.
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
// process.exit would wait for a write that nobody reads.
if (code === undefined) process.kill(process.pid, 'SIGKILL');
process.exit(code);
