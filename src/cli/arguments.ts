// Splits what follows a command into its words, its own options and the settings: words first, then options in any order.
import { edits } from '../config/nearest.ts';

export interface Arguments {
  /** What stands before the first option: a verb, an account, a kid. */
  readonly words: readonly string[];
  readonly json: boolean;
  /** The command's own options that were given, without dashes. */
  readonly options: ReadonlyMap<string, string>;
  /** Those of them that stand alone, without a value. */
  readonly switches: ReadonlySet<string>;
  /** For loadConfig, which refuses what it does not know. */
  readonly settings: readonly string[];
}

/** `own` are the names of the command's own options, each with a value, `alone` of those without; `--json` is everybody's. Throws UsageError. */
export function splitArguments(
  argv: readonly string[],
  own: readonly string[] = [],
  alone: readonly string[] = [],
): Arguments {
  const first = argv.findIndex(isOption);
  const words = first === -1 ? argv : argv.slice(0, first);
  const rest = first === -1 ? [] : argv.slice(first);
  const options = new Map<string, string>();
  const switches = new Set<string>();
  const settings: string[] = [];
  let json = false;
  for (let index = 0; index < rest.length; index += 1) {
    const argument = rest[index] ?? '';
    const [, written = '', inline] = /^--([^=]+)(?:=(.*))?$/s.exec(argument) ?? [];
    if (argument === '--json') {
      json = true;
    } else if (inline === undefined && alone.includes(written)) {
      switches.add(written);
    } else if (own.includes(written)) {
      const value = inline ?? rest[index + 1];
      if (inline === undefined) index += 1;
      if (value === undefined || options.has(written)) throw new UsageError(`--${written} needs one value`);
      options.set(written, value);
    } else {
      settings.push(argument);
    }
  }
  return { words, json, options, switches, settings };
}

// A kid, base64url of 32 bytes, may begin with any of its characters; no option is of that form and length.
const isOption = (argument: string): boolean => argument.startsWith('--') && !/^[A-Za-z0-9_-]{43}$/.test(argument);

/** The command was used wrongly; the message is one sentence. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Nothing where none is near. */
export function didYouMean(word: string, words: readonly string[]): string {
  const [best] = words.toSorted((a, b) => edits(word, a) - edits(word, b));
  return best !== undefined && edits(word.slice(0, 100), best) <= Math.max(2, best.length / 3)
    ? `; did you mean ${best}?`
    : '';
}
