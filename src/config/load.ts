// Turns flags, environment and settings file into one frozen Config, or into the full list of what is wrong with them.
// It never starts from a value it did not understand, and never repeats a secret.
import { join, resolve } from 'node:path';
import { disagreements } from './agreement.ts';
import {
  type Given,
  quoted,
  type ReadFile,
  readEnvironment,
  readFlags,
  readSettingsFile,
  type Source,
} from './given.ts';
import { type Config, type SettingName, settingNames, settingOf } from './schema.ts';
import type { Setting } from './setting-types.ts';

export const SETTINGS_FILE = 'countersign.json';

export interface Surroundings {
  /** The arguments after the command. */
  readonly argv: readonly string[];
  /** The command's other options, which an unknown flag may have meant. */
  readonly options?: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute: where relative paths start. */
  readonly cwd: string;
  readonly readFile: ReadFile;
}

/** Where each value came from. */
export type Sources = Readonly<Record<SettingName, Source>>;

export interface LoadedConfig {
  readonly config: Config;
  readonly sources: Sources;
}

/** The settings cannot be used. Each problem is one sentence that names the setting and where it was set. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

type Draft = { -readonly [Name in SettingName]?: Config[Name] };
type DraftSources = { [Name in SettingName]?: Source };

const isConfig = (draft: Draft): draft is Config => settingNames.every((name) => Object.hasOwn(draft, name));
const isSources = (draft: DraftSources): draft is Sources => settingNames.every((name) => Object.hasOwn(draft, name));

/**
 * Defaults < settings file < environment < flags (docs/decisions.md "settings"). The folder of the file is itself a setting, so it is
 * taken from flags and environment first. Every value that was given is checked, also one that a stronger source replaces.
 * Throws ConfigError with all problems at once.
 */
export function loadConfig({ argv, options = [], env, cwd, readFile }: Surroundings): LoadedConfig {
  const flags = readFlags(argv, options);
  const environment = readEnvironment(env);
  const problems = [...environment.problems, ...flags.problems];
  const outside = [...environment.given, ...flags.given];

  const folder = dataFolder(outside, cwd);
  const file = folder === undefined ? undefined : readSettingsFile(join(folder, SETTINGS_FILE), readFile);
  if (file !== undefined) problems.unshift(...file.problems);

  const draft: Draft = {};
  const draftSources: DraftSources = {};
  const unusable = new Set<SettingName>();
  for (const name of settingNames) setDefault(draft, draftSources, name, cwd);
  for (const given of [...(file?.given ?? []), ...outside]) {
    const problem = set(draft, draftSources, given.name, given, cwd);
    if (problem === undefined) continue;
    problems.push(problem);
    unusable.add(given.name);
  }

  if (!isConfig(draft) || !isSources(draftSources)) {
    throw new Error('a setting has neither a value nor a default');
  }
  problems.push(...disagreements(draft, unusable));
  if (problems.length > 0) throw new ConfigError(problems);
  return { config: deepFreeze(draft), sources: deepFreeze(draftSources) };
}

function dataFolder(given: readonly Given[], cwd: string): string | undefined {
  const written = given.findLast((one) => one.name === 'data.folder');
  if (written === undefined) return resolve(cwd, settingOf['data.folder'].default);
  const reading = settingOf['data.folder'].read(written.json);
  return reading.ok ? resolve(cwd, reading.value) : undefined;
}

function setDefault<Name extends SettingName>(draft: Draft, sources: DraftSources, name: Name, cwd: string): void {
  const setting: Setting<Config[Name]> = settingOf[name];
  draft[name] = setting.complete?.(setting.default, cwd) ?? setting.default;
  sources[name] = { kind: 'default' };
}

function set<Name extends SettingName>(
  draft: Draft,
  sources: DraftSources,
  name: Name,
  given: Given,
  cwd: string,
): string | undefined {
  const setting: Setting<Config[Name]> = settingOf[name];
  const reading = setting.read(given.json);
  if (!reading.ok) {
    const because = reading.because ?? `it must be ${setting.expects}`;
    return `${name}: ${given.shown} from ${describeSource(given.source)} is not accepted: ${because}`;
  }
  draft[name] = setting.complete?.(reading.value, cwd) ?? reading.value;
  sources[name] = given.source;
  return undefined;
}

/** For people: `flag --port`, `environment variable CSIGN_SERVER_PORT`, `settings file "..."`, `default`. */
export function describeSource(source: Source): string {
  switch (source.kind) {
    case 'default':
      return 'default';
    case 'file':
      return `settings file ${quoted(source.path)}`;
    case 'environment':
      return `environment variable ${source.variable}`;
    case 'flag':
      return `flag ${source.flag}`;
    default:
      return source satisfies never;
  }
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const member of Object.values(value)) deepFreeze(member);
  return value;
}
