// The closed set of kinds a setting can have: how its text and its JSON are read, and what a good value is.
// A reader returns a value or the reason why not; it never throws, never guesses, and never puts a value into a reason.
import { resolve } from 'node:path';
import { type Felt, parseFelt } from '../domain/felt.ts';
import { parseUpstreamAddress, type UpstreamAddress } from './upstream-address.ts';

export type SettingKind =
  | 'boolean'
  | 'integer'
  | 'duration'
  | 'port'
  | 'count'
  | 'choice'
  | 'text'
  | 'secret'
  | 'path'
  | 'felt'
  | 'upstream'
  | 'list'
  | 'cidr list'
  | 'published';

/** What a reader found. `because` completes the sentence "is not accepted: ..." and replaces the general `expects`. */
export type Reading<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly because?: string | undefined };

export interface Setting<T> {
  readonly kind: SettingKind;
  readonly default: T;
  readonly description: string;
  /** The end of the sentence "Change it ...". */
  readonly when: string;
  /** Completes the sentence "it must be ...". */
  readonly expects: string;
  /** Never printed, and not accepted as a flag: other users of the machine can read those. */
  readonly secret: boolean;
  /** A short form of the flag, without its dashes. */
  readonly short: string | undefined;
  /** Takes a member of the settings file, or what `fromText` made of a flag or variable. */
  read(json: unknown): Reading<T>;
  /** The JSON a flag or variable stands for; `undefined` when it stands for none. */
  fromText(text: string): unknown;
  /** The value as a person would write it; never a secret. */
  show(value: T): string;
  /** What only the running process knows: a relative path is completed with the working directory. */
  complete?(value: T, cwd: string): T;
}

/** Text that must not be printed. A function holds it, so that neither JSON nor a log line of a Config shows it. */
export interface Secret {
  readonly reveal: () => string;
}

/** What people read about a setting, whatever its kind. */
export interface Described {
  readonly description: string;
  /** When one would change it: the end of the sentence "Change it ...". */
  readonly when: string;
  readonly short?: string;
}

export const refuse = (because?: string): { readonly ok: false; readonly because?: string | undefined } => ({
  ok: false,
  because,
});

const words: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['on', true],
  ['1', true],
  ['false', false],
  ['off', false],
  ['0', false],
]);

/** A switch: `true`/`false` in the file; also `on`, `off`, `1` and `0` in flags and variables. */
export function boolean(fallback: boolean, about: Described): Setting<boolean> {
  return {
    kind: 'boolean',
    default: fallback,
    description: about.description,
    when: about.when,
    expects: 'true or false',
    secret: false,
    short: about.short,
    read: (json) => (typeof json === 'boolean' ? { ok: true, value: json } : refuse()),
    fromText: (text) => words.get(text),
    show: String,
  };
}

interface Range extends Described {
  readonly min: number;
  readonly max: number;
}

function wholeNumber(kind: 'integer' | 'duration', fallback: number, about: Range, unit: string): Setting<number> {
  return {
    kind,
    default: fallback,
    description: about.description,
    when: about.when,
    expects: `a whole number${unit === '' ? '' : ` of ${unit}`} from ${about.min} to ${about.max}`,
    secret: false,
    short: about.short,
    read: (json) =>
      typeof json === 'number' && Number.isSafeInteger(json) && json >= about.min && json <= about.max
        ? { ok: true, value: json }
        : refuse(),
    // No signs, exponents or leading zeros: 010 is eight to some people and ten to others.
    fromText: (text) => (/^(0|[1-9]\d{0,15})$/.test(text) ? Number(text) : undefined),
    show: String,
  };
}

/** A TCP port; 0 is any free one, and `auto` the one that follows from another setting. */
export const port = (fallback: number | 'auto', about: Described): Setting<number | 'auto'> =>
  numberOrAuto('port', fallback, { ...about, min: 0, max: 65_535 }, '');

/** A count of things named in the plural, from 0; `auto`, the default, follows from the machine. */
export const countOrAuto = (
  about: Described & { readonly max: number; readonly unit: string },
): Setting<number | 'auto'> => numberOrAuto('count', 'auto', { ...about, min: 0 }, about.unit);

function numberOrAuto(
  kind: 'port' | 'count',
  fallback: number | 'auto',
  about: Range,
  unit: string,
): Setting<number | 'auto'> {
  const number = wholeNumber('integer', 0, about, unit);
  return {
    kind,
    default: fallback,
    description: about.description,
    when: about.when,
    expects: `auto, or ${number.expects}`,
    secret: false,
    short: about.short,
    read: (json) => (json === 'auto' ? { ok: true, value: 'auto' } : number.read(json)),
    fromText: (text) => (text === 'auto' ? text : number.fromText(text)),
    show: String,
  };
}

/** A count; `unit` is what is counted, in the plural. */
export const integer = (fallback: number, about: Range & { readonly unit?: string }): Setting<number> =>
  wholeNumber('integer', fallback, about, about.unit ?? '');

/** A time span in whole seconds. */
export const duration = (fallback: number, about: Range): Setting<number> =>
  wholeNumber('duration', fallback, about, 'seconds');

/** One of a few words. A word of `notYet` is reserved: it is refused with a reason of its own, never quietly accepted. */
export function choice<const Word extends string>(
  fallback: NoInfer<Word>,
  among: readonly Word[],
  about: Described & { readonly notYet?: readonly string[] },
): Setting<Word> {
  const expects = among.length === 1 ? `${among.join()}` : `one of ${among.join(', ')}`;
  return {
    kind: 'choice',
    default: fallback,
    description: about.description,
    when: about.when,
    expects,
    secret: false,
    short: about.short,
    read: (json) => {
      const value = among.find((word) => word === json);
      if (value !== undefined) return { ok: true, value };
      const reserved = about.notYet?.find((word) => word === json);
      return refuse(reserved === undefined ? undefined : `${reserved} is not yet available; it must be ${expects}`);
    },
    fromText: (text) => text,
    show: String,
  };
}

interface Text extends Described {
  /** Must judge the whole value: anchor a regular expression, and give it no `g`. */
  readonly pattern: { test(value: string): boolean };
  readonly expects: string;
}

const readText =
  (pattern: Text['pattern']) =>
  (json: unknown): Reading<string> =>
    typeof json === 'string' && pattern.test(json) ? { ok: true, value: json } : refuse();

/** A piece of text of a stated form. */
export function text(fallback: string, about: Text): Setting<string> {
  return {
    kind: 'text',
    default: fallback,
    description: about.description,
    when: about.when,
    expects: about.expects,
    secret: false,
    short: about.short,
    read: readText(about.pattern),
    fromText: (value) => value,
    show: (value) => value,
  };
}

/** Text that is never printed; empty is none. */
export function secret(about: Text): Setting<Secret | undefined> {
  return {
    kind: 'secret',
    default: undefined,
    description: about.description,
    when: about.when,
    expects: about.expects,
    secret: true,
    short: about.short,
    read: (json) => {
      const reading = readText(about.pattern)(json);
      if (!reading.ok) return reading;
      const { value } = reading;
      return { ok: true, value: value === '' ? undefined : { reveal: () => value } };
    },
    fromText: (value) => value,
    show: (value) => (value === undefined ? '' : '(secret)'),
  };
}

/** A file or folder; a relative one starts at the working directory. */
export function path(fallback: string, about: Described & { readonly mayBeEmpty?: boolean }): Setting<string> {
  return {
    kind: 'path',
    default: fallback,
    description: about.description,
    when: about.when,
    expects: about.mayBeEmpty === true ? 'a path, or empty' : 'a path',
    secret: false,
    short: about.short,
    read: (json) =>
      typeof json === 'string' && !json.includes('\0') && (json !== '' || about.mayBeEmpty === true)
        ? { ok: true, value: json }
        : refuse(),
    fromText: (value) => value,
    show: (value) => value,
    complete: (value, cwd) => (value === '' ? '' : resolve(cwd, value)),
  };
}

/** A Starknet number; the value is its canonical text, so 0x00ab and 0xAB are one setting. */
export function felt(fallback: Felt, about: Described): Setting<Felt> {
  return {
    kind: 'felt',
    default: fallback,
    description: about.description,
    when: about.when,
    expects: 'a 0x hex number below the Stark prime',
    secret: false,
    short: about.short,
    read: (json) => {
      const value = typeof json === 'string' ? parseFelt(json) : undefined;
      return value === undefined ? refuse() : { ok: true, value };
    },
    fromText: (value) => value,
    show: String,
  };
}

/** Where the venue answers. */
export function upstream(about: Described): Setting<UpstreamAddress> {
  return {
    kind: 'upstream',
    default: { kind: 'demo' },
    description: about.description,
    when: about.when,
    expects:
      'http://host:port or https://host:port with an optional base path and nothing else, unix:/path/to.sock or unix:/path/to.sock:/base, or empty',
    secret: false,
    short: about.short,
    read: (json) => {
      const value = typeof json === 'string' ? parseUpstreamAddress(json) : undefined;
      return value === undefined ? refuse() : { ok: true, value };
    },
    fromText: (value) => value,
    show: (value) => {
      switch (value.kind) {
        case 'demo':
          return '';
        case 'http':
          return `${value.origin}${value.basePath}`;
        case 'unix':
          return `unix:${value.socketPath}${value.basePath === '' ? '' : `:${value.basePath}`}`;
        default:
          return value satisfies never;
      }
    },
  };
}
