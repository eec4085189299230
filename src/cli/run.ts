// One command line from its words to its exit code. An owner's goes to src/owner as it was typed, and loads nothing of the operator's.
import { COMPLETE, isOwners, runOwner } from '../owner/run.ts';

/** 0 done, 1 failed, 2 used wrongly, 3 the server does not answer, 4 the owner is not signed in. */
export async function runCommand(argv: readonly string[]): Promise<number> {
  const [first = 'help', second = ''] = argv;
  if (first === COMPLETE)
    return runOwner(
      argv,
      'countersign',
      (await operatorsProgram()).commands.map((one) => one.name()),
    );
  if (isOwners(first) || (first === 'help' && isOwners(second))) return runOwner(argv, 'countersign');
  return runOperators(argv);
}

const operatorsProgram = async () => (await import('./program.ts')).createProgram();

async function runOperators([first = 'help', ...rest]: readonly string[]): Promise<number> {
  const { CommanderError } = await import('commander');
  const { createProgram } = await import('./program.ts');
  const { UsageError } = await import('./usage.ts');
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
