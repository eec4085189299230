// A command line against the table of forms. What was typed is never repeated in an error unless it is the word of a command or the name of
// an option: it may be a key.
import {
  type ArgumentKind,
  everywhere,
  type Form,
  forms,
  type OptionForm,
  type OptionName,
  options,
  ownerWords,
  usageOf,
} from './forms.ts';
import { WrongUse } from './stops.ts';

/** A line that can run. */
export interface Typed {
  readonly form: Form;
  readonly arguments: readonly string[];
  /** The values of an option as they were typed; an option without a value has an empty one. */
  readonly given: ReadonlyMap<OptionName, readonly string[]>;
}

export type Read = { readonly help: readonly Form[] } | { readonly run: Typed };

/** How a main key could be typed. None of them is an option: whoever tries must be told why. */
const KEY_OPTION = /^--(?:(?:main|stark|l2|eth|wallet)-?)?(?:private-?)?(?:key|secret|seed|mnemonic|password)$/;
/** Arguments that look like a private key, and are none. */
const isPublicKey: ReadonlySet<ArgumentKind> = new Set(['subkey', 'public key']);
const KEY_LOOK = /^(?:0x)?[0-9a-f]{50,64}$/i;

const NO_KEY_ARGUMENTS =
  'a private key is never given as an argument: every user of this machine can read arguments, and shells keep them. Leave it out and you are ' +
  'asked for it, or give --key-file or --stdin. If that was a real key, treat it as leaked';

/** Throws WrongUse. `program` is the name by which it was started. */
export function read(argv: readonly string[], program: string): Read {
  const [first = '', second] = argv;
  const group = forms.filter(({ words }) => words === first || words.startsWith(`${first} `));
  if (group.length === 0) throw unknownWord(first, ownerWords, program);
  const single = group.find(({ words }) => words === first);
  const form = single ?? group.find(({ words }) => words === `${first} ${second}`);
  const rest = argv.slice(single === undefined ? 2 : 1);
  if (argv.includes('--help') || argv.includes('-h')) return { help: form === undefined ? group : [form] };
  if (form !== undefined) return { run: readRest(form, rest, program) };
  const verbs = group.map(({ words }) => words.slice(first.length + 1));
  if (second === undefined || second.startsWith('-'))
    throw new WrongUse(`${first}: a verb is missing: ${verbs.join(', ')}; see ${program} help ${first}`);
  throw unknownWord(second, verbs, program, first);
}

function readRest(form: Form, rest: readonly string[], program: string): Typed {
  const wrong = (problem: string) => new WrongUse(`${form.words}: ${problem}; see ${program} help ${form.words}`);
  const args: string[] = [];
  const given = new Map<OptionName, string[]>();
  const words = [...rest];
  let isOver = false;
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (isOver || !word.startsWith('-') || word === '-') args.push(word);
    else if (word === '--') isOver = true;
    else {
      const [flag = '', typed] = splitAtEquals(word);
      const name = nameOf(form, flag, wrong);
      const option: OptionForm = options[name];
      const value = option.value === undefined ? '' : (typed ?? words.shift());
      if (option.value === undefined && typed !== undefined) throw wrong(`--${name} takes no value`);
      if (value === undefined || (option.value !== undefined && typed === undefined && value.startsWith('--')))
        throw wrong(`--${name} needs a value: ${option.value}`);
      // A variable of a script that is not set: without --out a secret would be shown, and a key may have no name.
      if (option.value !== undefined && value === '') throw wrong(`--${name} is empty: ${option.value}`);
      if (KEY_LOOK.test(value)) throw new WrongUse(`${form.words}: ${NO_KEY_ARGUMENTS}`);
      const before = given.get(name) ?? [];
      if (before.length > 0 && option.isList !== true) throw wrong(`--${name} is given twice`);
      if (option.among !== undefined && !option.among.includes(value))
        throw wrong(`--${name} takes ${option.among.join(' or ')}`);
      given.set(name, [...before, value]);
    }
  }
  if (args.length < form.arguments.length) {
    throw wrong(`<${form.arguments[args.length]?.name}> is missing: ${program} ${usageOf(form)}`);
  }
  if (args.length > form.arguments.length && !form.isRepeated) {
    const excess = args.slice(form.arguments.length);
    if (excess.some((word) => KEY_LOOK.test(word))) throw new WrongUse(`${form.words}: ${NO_KEY_ARGUMENTS}`);
    const count = excess.length === 1 ? 'one word' : `${excess.length} words`;
    const quotes = form.arguments.at(-1)?.name === 'name' ? ', with quotes around a name that has blanks' : '';
    throw wrong(`${count} too many: ${program} ${usageOf(form)}${quotes}`);
  }
  for (const [at, word] of args.entries()) {
    const { name, kind } = form.arguments[at] ?? form.arguments.at(-1) ?? { name: '', kind: 'name' as const };
    if (word === '') throw wrong(`<${name}> is empty`);
    if (!isPublicKey.has(kind) && KEY_LOOK.test(word)) throw new WrongUse(`${form.words}: ${NO_KEY_ARGUMENTS}`);
  }
  return { form, arguments: args, given };
}

function splitAtEquals(word: string): [string, string | undefined] {
  const at = word.indexOf('=');
  return at === -1 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
}

function nameOf(form: Form, flag: string, wrong: (problem: string) => WrongUse): OptionName {
  const known = [...form.options, ...everywhere];
  const name = known.find((one) => `--${one}` === flag);
  if (name !== undefined) return name;
  if (KEY_OPTION.test(flag)) throw new WrongUse(`${form.words}: ${NO_KEY_ARGUMENTS}`);
  const shown = /^--?[a-z-]{1,24}$/.test(flag) ? ` ${flag}` : '';
  throw wrong(
    `there is no option${shown}${meant(
      flag,
      known.map((one) => `--${one}`),
    )}`,
  );
}

function unknownWord(word: string, among: readonly string[], program: string, before?: string): WrongUse {
  const shown = /^[a-z-]{1,24}$/.test(word) ? ` "${word}"` : '';
  const place = before === undefined ? '' : `${before}: `;
  return new WrongUse(
    `${place}there is no ${before === undefined ? 'command' : 'verb'}${shown}${meant(word, among)}; see ${program} help ${before ?? ''}`.trimEnd(),
  );
}

function meant(word: string, among: readonly string[]): string {
  const [nearest] = among
    .map((one) => ({ one, far: distance(word, one) }))
    .filter(({ far }) => far <= 2)
    .sort((a, b) => a.far - b.far);
  return nearest === undefined ? '' : ` (did you mean ${nearest.one}?)`;
}

/** Levenshtein's, of short words; two neighbours that changed places are one mistake. */
function distance(a: string, b: string): number {
  let above: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      const replaced = (row[j] ?? 0) + (letter === other ? 0 : 1);
      const isSwapped = j > 0 && letter === b[j - 1] && a[i - 1] === other;
      const swapped = isSwapped ? (above[j - 1] ?? 0) + 1 : replaced;
      next.push(Math.min(replaced, swapped, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    above = row;
    row = next;
  }
  return row.at(-1) ?? 0;
}
