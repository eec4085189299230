// Reads what was set by flags, by the environment and by the settings file, without judging the values.
// A name that is no setting is a problem; its value is never repeated, because it may be a secret under a wrong name (only the figure of a
// retired rate limit is).
import { isJsonObject } from '../domain/json-text.ts';
import { errorCode, UnsafeFile } from '../errors.ts';
import type { Guard } from '../files/guarded-file.ts';
import { nearest } from './nearest.ts';
import { insteadOf, insteadOfVariable } from './retired.ts';
import { isSettingName, type SettingName, settingNames, settingOf, variableOf } from './schema.ts';

export type Source =
  | { readonly kind: 'default' }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'environment'; readonly variable: string }
  | { readonly kind: 'flag'; readonly flag: string };

/** One setting with the value somebody wrote. */
export interface Given {
  readonly name: SettingName;
  readonly json: unknown;
  /** The value for messages, safe to print. */
  readonly shown: string;
  readonly source: Source;
}

export interface GivenSettings {
  readonly given: readonly Given[];
  /** Complete sentences for the operator. */
  readonly problems: readonly string[];
}

const PREFIX = 'CSIGN_';
// 10,000 allowlist entries fit several times.
const FILE_MAX_CHARACTERS = 4 * 1024 * 1024;
const GROUP_DEPTH_MAX = 4;

const shortForms: ReadonlyMap<string, SettingName> = new Map(
  settingNames.flatMap((name) => {
    const { short } = settingOf[name];
    return short === undefined ? [] : [[short, name] as const];
  }),
);
const variables: ReadonlyMap<string, SettingName> = new Map(settingNames.map((name) => [variableOf(name), name]));
const groups: ReadonlySet<string> = new Set(
  settingNames.flatMap((name) => (name.includes('.') ? [name.slice(0, name.lastIndexOf('.'))] : [])),
);

/** Quotes text of unknown origin for a terminal: ASCII only, no control characters, at most 80 characters. */
export function quoted(text: string): string {
  const cut = text.length > 80 ? `${text.slice(0, 80)}...` : text;
  return JSON.stringify(cut).replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

const NOT_SHOWN = 'the value (not shown)';

function show(name: SettingName, json: unknown): string {
  if (settingOf[name].secret) return NOT_SHOWN;
  if (typeof json === 'object' && json !== null) return Array.isArray(json) ? 'a list' : 'an object';
  const text = String(json);
  // A URL may carry a password before its @, and what was meant as a URL need not look like one.
  if (text.includes('@')) return NOT_SHOWN;
  return typeof json === 'string' ? quoted(text) : text;
}

function unknown(what: string, name: string, value: unknown, known: readonly string[], prefix = ''): string {
  const written = quoted(`${prefix}${name}`);
  const instead = insteadOf(name, value) ?? insteadOfVariable(name, value);
  if (instead !== undefined) return `${what} ${written} is not a setting any more; ${instead}`;
  return `${what} ${written} is not a setting; did you mean ${prefix}${nearest(name, known) ?? ''}?`;
}

/** `--name=value`, `--name value`, and `--name` alone for a switch. The short forms count as their long name. */
export function readFlags(argv: readonly string[], options: readonly string[] = []): GivenSettings {
  const given: Given[] = [];
  const problems: string[] = [];
  const seen = new Set<SettingName>();
  const known = [...options, ...shortForms.keys(), ...settingNames];

  for (let index = 0; index < argv.length; index += 1) {
    const argument = argv[index] ?? '';
    if (!/^--./.test(argument)) {
      problems.push(`argument ${quoted(argument)} is not expected; a setting is written --name=value`);
      continue;
    }
    const equals = argument.indexOf('=');
    const written = equals === -1 ? argument.slice(2) : argument.slice(2, equals);
    const inline = equals === -1 ? undefined : argument.slice(equals + 1);
    const following = argv[index + 1]?.startsWith('--') === false ? argv[index + 1] : undefined;
    const name = shortForms.get(written) ?? (isSettingName(written) ? written : undefined);

    if (name === undefined || settingOf[name].secret) {
      problems.push(
        name === undefined
          ? unknown('flag', written, inline ?? following, known, '--')
          : `${name}: a secret is not accepted as a flag, because other users of the machine can read flags; ` +
              `write it in the settings file or set ${variableOf(name)}`,
      );
      // Whatever follows is its value: not to be mistaken for an argument, and not to be repeated.
      if (inline === undefined && following !== undefined) index += 1;
      continue;
    }

    const setting = settingOf[name];
    const isSwitch = setting.kind === 'boolean';
    let value = inline;
    if (value === undefined && following !== undefined && (!isSwitch || setting.fromText(following) !== undefined)) {
      value = following;
      index += 1;
    }
    if (value === undefined && isSwitch) value = 'true';
    if (value === undefined) {
      problems.push(`${name}: flag --${written} needs a value`);
    } else if (seen.has(name)) {
      problems.push(`${name}: set by more than one flag`);
    } else {
      given.push({
        name,
        json: setting.fromText(value),
        shown: show(name, value),
        source: { kind: 'flag', flag: `--${written}` },
      });
    }
    seen.add(name);
  }
  return { given, problems };
}

/** Variables that begin with `CSIGN_`; all others belong to somebody else. */
export function readEnvironment(env: Readonly<Record<string, string | undefined>>): GivenSettings {
  const given: Given[] = [];
  const problems: string[] = [];
  for (const [variable, value] of Object.entries(env)) {
    if (!variable.startsWith(PREFIX) || value === undefined) continue;
    const name = variables.get(variable);
    if (name === undefined) problems.push(unknown('environment variable', variable, value, [...variables.keys()]));
    else {
      const json = settingOf[name].fromText(value);
      given.push({ name, json, shown: show(name, value), source: { kind: 'environment', variable } });
    }
  }
  return { given, problems };
}

/** Reads a text file that the guard lets pass; throws UnsafeFile for another, and an error with code ENOENT when there is none. */
export type ReadFile = (path: string, guard: Guard) => string;

/**
 * The settings file: JSON with nested members (`{"login": {"max_age": 600}}`), dotted ones, or both. No file sets nothing. One
 * that holds a secret is for its owner alone.
 */
export function readSettingsFile(path: string, readFile: ReadFile): GivenSettings {
  const reading = readGuardedSettings(path, (one) => readFile(one, 'trusted'));
  const secrets = reading.given.filter(({ name, json }) => settingOf[name].secret && json !== '');
  // Read again, and not only looked at again: what is used is what was asked.
  return secrets.length === 0 ? reading : readGuardedSettings(path, (one) => readFile(one, 'secret'));
}

function readGuardedSettings(path: string, readFile: (path: string) => string): GivenSettings {
  const nothing = (problem: string): GivenSettings => ({
    given: [],
    problems: [`settings file ${quoted(path)} ${problem}`],
  });
  let text: string;
  try {
    text = readFile(path);
  } catch (cause) {
    if (cause instanceof UnsafeFile) return nothing(cause.because);
    const code = errorCode(cause);
    return code === 'ENOENT' ? { given: [], problems: [] } : nothing(`cannot be read (${code})`);
  }
  if (text.length > FILE_MAX_CHARACTERS) return nothing(`is longer than ${FILE_MAX_CHARACTERS} characters`);
  let json: unknown;
  try {
    json = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (cause) {
    // The parser's own message quotes the text around the error, which may be a secret: only the place is taken over.
    const [, line, column] = /\(line (\d+) column (\d+)\)/.exec(String(cause)) ?? [];
    return nothing(`is not JSON${line === undefined ? '' : ` (line ${line}, column ${column})`}`);
  }
  return isJsonObject(json) ? readMembers(json, path) : nothing('must hold one JSON object');
}

function readMembers(root: object, path: string): GivenSettings {
  const given: Given[] = [];
  const problems: string[] = [];
  const seen = new Set<SettingName>();
  const where = `in settings file ${quoted(path)}`;

  const visit = (name: string, json: unknown, depth: number): void => {
    if (isSettingName(name)) {
      if (seen.has(name)) problems.push(`${name}: set more than once ${where}`);
      else if (name === 'data.folder')
        problems.push(`${name}: decides which settings file is read, so it cannot be set ${where}`);
      else given.push({ name, json, shown: show(name, json), source: { kind: 'file', path } });
      seen.add(name);
      return;
    }
    const isGroup = groups.has(name);
    if (isJsonObject(json) && depth < GROUP_DEPTH_MAX && (isGroup || Object.keys(json).length > 0)) {
      for (const [member, value] of Object.entries(json)) visit(`${name}.${member}`, value, depth + 1);
    } else if (isGroup) problems.push(`${name}: is a group of settings and must be an object ${where}`);
    else problems.push(`${unknown('member', name, json, settingNames)} (${where})`);
  };

  for (const [member, value] of Object.entries(root)) visit(member, value, 1);
  return { given, problems };
}
