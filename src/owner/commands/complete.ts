// What can stand next on a command line, for the scripts of the completion: words of the table, options, and the names of keys. Nothing
// is offered that a shell would read as more than a word: names are people's text.
import { everywhere, type Form, forms, type OptionForm, type OptionName, options } from '../forms.ts';
import type { Kind } from '../named.ts';
import { read } from '../reader.ts';
import { createShell, type Shell } from '../shell.ts';

const NETWORK_MS = 1_500;
const PLAIN = /^[A-Za-z0-9][A-Za-z0-9._@+-]*$/;

/** Prints one candidate a line. Never fails: whoever types has another error to read. */
export async function complete(argv: readonly string[], program: string, others: readonly string[]): Promise<0> {
  const words = argv[0] === '--' ? argv.slice(1) : argv;
  const found = await candidates(words, program, others).catch((): string[] => []);
  const last = words.at(-1) ?? '';
  const text = [...new Set(found)].filter((one) => one.startsWith(last)).map((one) => `${one}\n`);
  await new Promise<void>((resolve) => {
    process.stdout.write(text.join(''), () => resolve());
  });
  return 0;
}

async function candidates(words: readonly string[], program: string, others: readonly string[]): Promise<string[]> {
  const last = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  if (before[0] === 'help') return candidates(words.slice(1), program, others);
  if (before.length === 0) return [...forms.map(({ words: typed }) => typed.replace(/ .*/, '')), ...others, 'help'];
  const form = formOf(before);
  if (form === undefined) {
    const start = `${before.join(' ')} `;
    return forms
      .filter(({ words: typed }) => typed.startsWith(start))
      .map(({ words: typed }) => typed.slice(start.length));
  }
  const open = openOption(form, before.at(-1) ?? '');
  if (open !== undefined) return valuesOf(open, before, program);
  if (last.startsWith('-')) return [...form.options, ...everywhere].map((name) => `--${name}`);
  return argumentsOf(form, before, program);
}

const formOf = (before: readonly string[]): Form | undefined =>
  forms.find(({ words }) => before.slice(0, words.split(' ').length).join(' ') === words);

function openOption(form: Form, word: string): OptionName | undefined {
  const name = [...form.options, ...everywhere].find((one) => `--${one}` === word);
  return name !== undefined && 'value' in options[name] ? name : undefined;
}

async function valuesOf(name: OptionName, before: readonly string[], program: string): Promise<string[]> {
  const { among }: OptionForm = options[name];
  if (among !== undefined) return [...among];
  if (name === 'profile') return profileNames();
  if (name === 'from') return ['anywhere'];
  if (name !== 'key') return [];
  const { subkeyKind, tokenKind } = await import('../named.ts');
  const keys = await Promise.all([subkeyKind, tokenKind].map((kind) => living(kind, before, program)));
  return keys.flat().map(({ key }) => key);
}

async function argumentsOf(form: Form, before: readonly string[], program: string): Promise<string[]> {
  const typed = before.slice(form.words.split(' ').length).filter((word) => !word.startsWith('-'));
  const argument = form.arguments[typed.length] ?? (form.isRepeated ? form.arguments.at(-1) : undefined);
  if (argument === undefined) return [];
  if (argument.kind === 'shell') return ['bash', 'zsh'];
  if (argument.kind === 'profile') return profileNames();
  const kind = (await import('../named.ts')).kinds.get(argument.kind);
  if (kind === undefined) return [];
  const all = await living(kind, before, program);
  const isUnique = (name: string) => all.filter((one) => one.name === name).length === 1;
  const found = all.map(({ id, name }) => (PLAIN.test(name) && isUnique(name) ? name : id));
  return found.filter((one) => !typed.includes(one));
}

async function profileNames(): Promise<string[]> {
  const { readProfiles } = await import('../profiles.ts');
  return [...readProfiles(process.env).byName.keys()].filter((name) => PLAIN.test(name));
}

/** Of the place that the line so far names. */
async function living(kind: Kind, before: readonly string[], program: string) {
  const { connect } = await import('../connection.ts');
  const shell = shellFor(before, program);
  const all = [];
  for await (const one of kind.list(connect(shell).client, false, shell.signal)) if (one.isAlive) all.push(one);
  return all;
}

function shellFor(before: readonly string[], program: string): Shell {
  const places = ['--url', '--profile'].flatMap((flag) => {
    const at = before.indexOf(flag);
    const value = before[at + 1];
    return at === -1 || value === undefined ? [] : [flag, value];
  });
  const line = read(['whoami', ...places], program);
  if ('help' in line) throw new Error('no help is asked for');
  return createShell(line.run, program, AbortSignal.timeout(NETWORK_MS));
}
