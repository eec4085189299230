// countersign config: whether the settings would be accepted, and what is in force and why. Never a secret.
import { ConfigError, describeSource, type LoadedConfig } from '../../config/load.ts';
import { type Config, type SettingName, settingNames, settingOf } from '../../config/schema.ts';
import type { Setting } from '../../config/setting-types.ts';
import { UsageError } from '../arguments.ts';
import { readArguments, usageOf } from '../command-forms.ts';
import { readSettings, reporting } from '../operator-client.ts';
import { table } from '../output.ts';

export async function config(argv: readonly string[]): Promise<number> {
  return reporting('config', async () => {
    const { words, json, settings } = readArguments('config', argv);
    const [verb, ...more] = words;
    if (more.length > 0 || (verb !== 'check' && verb !== 'show')) throw new UsageError(usageOf('config'));
    const loaded = json && verb === 'check' ? readForProgram(settings) : readSettings(settings);
    if (verb === 'show') process.stdout.write(json ? asJson(loaded) : asTable(loaded));
    else process.stdout.write(json ? '{"accepted":true}\n' : 'all settings are accepted\n');
  });
}

/** Says on stdout, too, what is wrong. */
function readForProgram(settings: readonly string[]): LoadedConfig {
  try {
    return readSettings(settings);
  } catch (error) {
    if (error instanceof ConfigError) {
      process.stdout.write(`${JSON.stringify({ accepted: false, problems: error.problems })}\n`);
    }
    throw error;
  }
}

function shown<Name extends SettingName>(loaded: LoadedConfig, name: Name): string {
  const setting: Setting<Config[Name]> = settingOf[name];
  return setting.show(loaded.config[name]);
}

function asTable(loaded: LoadedConfig): string {
  const rows = settingNames.map((name) => [name, shown(loaded, name), describeSource(loaded.sources[name])]);
  return table([['SETTING', 'VALUE', 'FROM'], ...rows]);
}

function asJson(loaded: LoadedConfig): string {
  const rows = settingNames.map((name) => ({ name, value: shown(loaded, name), source: loaded.sources[name] }));
  return `${JSON.stringify(rows, undefined, 2)}\n`;
}
