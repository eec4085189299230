// Process entry: the first argument names a command, and its answer is the exit code. The only file that calls process.exit.
import { accounts } from './cli/commands/accounts.ts';
import { audit } from './cli/commands/audit.ts';
import { backup } from './cli/commands/backup.ts';
import { completion } from './cli/commands/completion.ts';
import { config } from './cli/commands/config.ts';
import { demo } from './cli/commands/demo.ts';
import { doctor } from './cli/commands/doctor.ts';
import { help } from './cli/commands/help.ts';
import { restore } from './cli/commands/restore.ts';
import { serve } from './cli/commands/serve.ts';
import { signingKeys } from './cli/commands/signing-keys.ts';
import { version } from './cli/commands/version.ts';

/** Returns the exit code: 0 done, 1 failed, 2 used wrongly, 3 the server does not answer. */
type Command = (argv: readonly string[]) => Promise<number>;

const commands: Readonly<Record<string, Command>> = {
  serve,
  demo,
  config,
  'signing-keys': signingKeys,
  accounts,
  audit,
  backup,
  restore,
  doctor,
  completion,
  help,
  version,
  '--help': help,
  '--version': version,
};

const [name = 'help', ...argv] = process.argv.slice(2);
const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
if (command === undefined) {
  const known = Object.keys(commands)
    .filter((one) => !one.startsWith('-'))
    .join(', ');
  process.stderr.write(`countersign: no command "${name}". Commands: ${known}.\n`);
  process.exit(2);
}
process.exit(await command(argv));
