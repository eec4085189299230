// A secret that is about to be made, and where it goes. That is settled before it is made; one that could not be handed over is ended again.
import { sentenceOf } from '../client/refusal-words.ts';
import { isSystemError } from '../errors.ts';
import { requireFree, reserve, type SecretFile } from './secret-file.ts';
import type { Shell } from './shell.ts';
import { Failed, WrongUse } from './stops.ts';

/** The path of a new file; undefined: on stdout. */
export type Destination = string | undefined;

/** Throws WrongUse where it could go nowhere. */
export async function destination(shell: Shell): Promise<Destination> {
  const out = shell.value('out');
  if (out !== undefined && shell.has('show')) throw new WrongUse('--out and --show exclude each other');
  if (shell.has('show')) return undefined;
  const path = out ?? (await asked(shell));
  if (path === '') return undefined;
  requireFree(path);
  return path;
}

async function asked(shell: Shell): Promise<string> {
  if (!shell.terminal.isThere)
    throw new WrongUse('nothing was made: the secret exists once, and needs --out <file> or --show');
  return shell.terminal.line('Write the secret to which new file? (Enter alone shows it here) ');
}

/** A comment, or a value that means itself to a shell: whoever reads the file may `source` it, and a server may answer anything. */
const SAFE_LINE = /^(?:# [^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*|[A-Z_]+=[A-Za-z0-9._~+/:[\]=-]+)$/u;

export interface Making<Made> {
  make(): Promise<Made>;
  /** For a person: `the read-only key "x" (f3a1…)`. */
  called(made: Made): string;
  /** Prints it. Resolves with false when nobody reads any more. */
  show(made: Made): Promise<boolean>;
  /** The lines of the file. */
  lines(made: Made): readonly string[];
  end(made: Made): Promise<unknown>;
}

/** Makes it and hands the secret over. Throws Failed when it was made and could not be handed over: it says what became of it. */
export async function handedOver<Made>(where: Destination, making: Making<Made>): Promise<Made> {
  const file = where === undefined ? undefined : reserve(where);
  let made: Made;
  try {
    made = await making.make();
  } catch (error) {
    file?.discard();
    throw error;
  }
  const problem = await problemOf(made, making, file);
  if (problem === undefined) return made;
  const name = making.called(made);
  const ended = async () => making.end(made);
  const became = await ended().then(
    () => 'so it was ended again',
    (error: unknown) => `and it could not be ended again (${sentenceOf(error)}): end it yourself`,
  );
  throw new Failed(`${name} was made, but its secret could not be handed over (${problem}), ${became}`);
}

/** Whatever goes wrong here: the secret exists, and nobody has it. */
async function problemOf<Made>(
  made: Made,
  making: Making<Made>,
  file: SecretFile | undefined,
): Promise<string | undefined> {
  try {
    if (file === undefined) return (await making.show(made)) ? undefined : 'stdout takes nothing';
    const lines = making.lines(made);
    if (!lines.every((line) => SAFE_LINE.test(line))) throw new Error('a line is none');
    file.write(lines.map((line) => `${line}\n`).join(''));
    return undefined;
  } catch (error) {
    file?.discard();
    return isSystemError(error) ? error.code : 'the answer has another form than this release knows';
  }
}
