// One command line from its words to its exit code.
import { CommanderError } from 'commander';
import { createProgram } from './program.ts';
import { UsageError } from './usage.ts';

/** 0 done, 1 failed, 2 used wrongly, 3 the server does not answer. */
export async function runCommand(argv: readonly string[]): Promise<number> {
  const [first = 'help', ...rest] = argv;
  let code = 0;
  const program = createProgram((ended) => {
    code = ended;
  });
  try {
    await program.parseAsync([first === '--version' ? 'version' : first, ...rest], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${`countersign ${error.command}`.trimEnd()}: ${error.message}\n`);
    return 2;
  }
}
