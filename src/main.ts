// Process entry: the first argument names a command, and its answer is the exit code. The only file that calls process.exit.
import { isDebuggerOpen } from './cli/no-debugger.ts';

// The line above stays first: a signal that comes before it opens the debugger.

import { type CommandName, formsOf, isCommandName, unknownCommand } from './cli/command-forms.ts';
import { accounts } from './cli/commands/accounts.ts';
import { audit } from './cli/commands/audit.ts';
import { backup } from './cli/commands/backup.ts';
import { clock } from './cli/commands/clock.ts';
import { completion } from './cli/commands/completion.ts';
import { config } from './cli/commands/config.ts';
import { credentials } from './cli/commands/credentials.ts';
import { demo } from './cli/commands/demo.ts';
import { doctor } from './cli/commands/doctor.ts';
import { help } from './cli/commands/help.ts';
import { restore } from './cli/commands/restore.ts';
import { serve } from './cli/commands/serve.ts';
import { signingKeys } from './cli/commands/signing-keys.ts';
import { version } from './cli/commands/version.ts';
import { exitCodeAfter, watchPrinting } from './cli/printing.ts';

/** Returns the exit code: 0 done, 1 failed, 2 used wrongly, 3 the server does not answer. */
type Command = (argv: readonly string[]) => Promise<number>;

const commands: Readonly<Record<CommandName, Command>> = {
  serve,
  demo,
  config,
  'signing-keys': signingKeys,
  accounts,
  credentials,
  audit,
  backup,
  restore,
  clock,
  doctor,
  completion,
  help,
  version,
};

// Whatever is made here, by a library too, is for its owner alone.
process.umask(0o077);

async function run([first = 'help', ...argv]: readonly string[]): Promise<number> {
  if (await isDebuggerOpen()) {
    process.stderr.write(
      'countersign: a debugger is open (--inspect, NODE_OPTIONS or SIGUSR1), which anybody on this machine could use; start without it\n',
    );
    return 1;
  }
  const name = first === '--help' || first === '--version' ? first.slice(2) : first;
  if (isCommandName(name)) return argv.includes('--help') ? help([name, ...verbIn(name, argv)]) : commands[name](argv);
  process.stderr.write(`countersign: ${unknownCommand(name)}\n`);
  return 2;
}

// `accounts lock 0x1 --help` is about `accounts lock`.
const verbIn = (name: CommandName, [word = '']: readonly string[]): readonly string[] =>
  formsOf[name].forms.some(({ verb }) => verb === word) ? [word] : [];

watchPrinting();
const code = await exitCodeAfter(await run(process.argv.slice(2)));
// An exit would wait for the thread that writes, for as long as nobody reads.
if (code === undefined) process.kill(process.pid, 'SIGKILL');
process.exit(code);
