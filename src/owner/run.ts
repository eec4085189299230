// One owner's command line from its words to its exit code. What a command needs is loaded when it runs.
import { ownerWords } from './forms.ts';
import { read } from './reader.ts';
import { createShell, watchSignals } from './shell.ts';
import { Interrupted, WrongUse } from './stops.ts';

/** What the scripts of the completion ask. */
export const COMPLETE = '__complete';

/** Whether a line is an owner's command: by its first word. */
export const isOwners = (word: string): boolean => word === COMPLETE || ownerWords.includes(word);

/**
 * 0 done, 1 refused or failed, 2 used wrongly, 3 no answer, 4 not signed in; 128 and the signal's number when one stopped it. `program` is
 * the name by which it was started, and `others` are first words that it knows besides.
 */
export async function runOwner(
  argv: readonly string[],
  program: string,
  others: readonly string[] = [],
): Promise<number> {
  const [first, ...rest] = argv[0] === '--version' ? ['version', ...argv.slice(1)] : argv;
  if (first === COMPLETE) return (await import('./commands/complete.ts')).complete(rest, program, others);
  if (first === undefined || first === 'help' || first === '--help' || first === '-h') return help(rest, program);
  const signals = watchSignals();
  let command = '';
  try {
    const line = read([first, ...rest], program);
    if ('help' in line) return await print((await import('./help.ts')).helpOf(line.help, program));
    command = line.run.form.words;
    const run = await line.run.form.load();
    return (await run(createShell(line.run, program, signals.signal))) ?? 0;
  } catch (error) {
    if (error instanceof WrongUse) {
      const { printable } = await import('./printable.ts');
      process.stderr.write(`${program}: ${printable(error.message)}\n`);
      return 2;
    }
    const { exitCodeOf, tell } = await import('./telling.ts');
    tell(error, command, program);
    if (signals.signal.reason instanceof Interrupted) return signals.signal.reason.code;
    return error instanceof Interrupted ? error.code : exitCodeOf(error);
  } finally {
    signals.stop();
    process.stdin.pause();
  }
}

async function help(words: readonly string[], program: string): Promise<number> {
  const { helpOf, overview } = await import('./help.ts');
  if (words.length === 0) return print(overview(program));
  try {
    const line = read([...words.slice(0, 2), '--help'], program);
    return await print('help' in line ? helpOf(line.help, program) : overview(program));
  } catch (error) {
    if (!(error instanceof WrongUse)) throw error;
    process.stderr.write(`${program}: ${error.message}\n`);
    return 2;
  }
}

async function print(text: string): Promise<number> {
  await new Promise<void>((resolve) => {
    process.stdout.write(text, () => resolve());
  });
  return 0;
}
