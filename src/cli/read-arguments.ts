// What was typed after a command, held against the forms that it may have: what does not fit is refused by its name, with what was
// expected in its place.
import { quoted } from '../config/given.ts';
import { type Arguments, didYouMean, splitArguments, UsageError } from './arguments.ts';
import { type CommandName, type Form, formsOf, helpFor, optionsOf } from './command-forms.ts';

export interface Typed extends Arguments {
  /** Empty for a command that has none. */
  readonly verb: string;
  /** What follows it; undefined where nothing does. */
  readonly argument: string | undefined;
}

/** Throws UsageError, one sentence. */
export function readArguments(name: CommandName, argv: readonly string[]): Typed {
  const options = optionsOf(name);
  const named = (alone: boolean) =>
    options.filter(([, { value }]) => (value === undefined) === alone).map(([option]) => option);
  const split = splitArguments(argv, named(false), named(true));
  const form = formOf(name, split.words[0]);
  const argument = argumentOf(name, form, form.verb === undefined ? split.words : split.words.slice(1));
  for (const option of [...split.options.keys(), ...split.switches]) requireOptionOf(name, form, option);
  const [unexpected] = formsOf[name].settings ? [] : split.settings;
  if (unexpected !== undefined) throw wrong(`${quoted(unexpected)} is not expected`, name, form.verb);
  return { ...split, verb: form.verb ?? '', argument };
}

/** The form that a first word names. Throws UsageError. */
export function formOf(name: CommandName, word: string | undefined): Form {
  const { forms } = formsOf[name];
  const verbs = forms.flatMap(({ verb }) => verb ?? []);
  const [only] = forms;
  if (verbs.length === 0 && only !== undefined) return only;
  if (word === undefined) throw wrong(`a word is missing; ${oneOf(verbs)} is expected`, name);
  const form = forms.find(({ verb }) => verb === word);
  if (form === undefined) throw wrong(`${notOneOf(word, verbs)}`, name);
  return form;
}

function argumentOf(name: CommandName, form: Form, words: readonly string[]): string | undefined {
  const { verb, argument } = form;
  const [first, ...more] = words;
  if (argument === undefined) {
    if (first === undefined) return undefined;
    throw wrong(`${quoted(first)} is not expected`, name, verb);
  }
  const expected = typeof argument === 'string' ? (/^<.*?>/.exec(argument)?.[0] ?? argument) : oneOf(argument);
  if (first === undefined) throw wrong(`${expected} is missing`, name, verb);
  // What stands there may be a bearer, and what follows the rest of one: it is not repeated.
  if (more.length > 0) throw wrong(`${expected} is expected once, and ${words.length} words were given`, name, verb);
  if (typeof argument === 'object' && !argument.includes(first)) throw wrong(notOneOf(first, argument), name, verb);
  return first;
}

function requireOptionOf(name: CommandName, form: Form, option: string): void {
  if (Object.hasOwn(form.options ?? {}, option)) return;
  const others = formsOf[name].forms.filter(({ options }) => Object.hasOwn(options ?? {}, option));
  const where = others.map(({ verb }) => `${name} ${verb}`).join(', ');
  throw wrong(`--${option} is not expected, only with ${where}`, name, form.verb);
}

/** The value of an argument is not what it must be; `expected` completes "it must be ...". */
export const wrongArgument = (name: CommandName, verb: string, what: string, value: string, expected: string) =>
  wrong(`${what} ${quoted(value)} is not accepted: it must be ${expected}`, name, verb);

const wrong = (problem: string, name: CommandName, verb?: string): UsageError =>
  new UsageError(`${verb === undefined ? '' : `${verb}: `}${problem}; see ${helpFor(name, verb)}`);

const oneOf = (words: readonly string[]): string =>
  words.length < 2 ? words.join() : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;

const notOneOf = (word: string, words: readonly string[]): string =>
  `${quoted(word)} is not ${oneOf(words)}${didYouMean(word, words)}`;
