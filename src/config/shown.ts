// The settings in force as people and programs read them: what `config show` prints, and what a running server tells its operator. A
// secret is only said to be set.
import { describeSource, type LoadedConfig } from './load.ts';
import { type Config, type SettingName, settingNames, settingOf } from './schema.ts';
import type { Setting } from './setting-types.ts';

export interface ShownSetting {
  readonly name: SettingName;
  /** As a person would write it. */
  readonly value: string;
  /** Where it comes from, in words. */
  readonly from: string;
}

/** Every setting, in the order of the schema. */
export const shownSettings = ({ config, sources }: LoadedConfig): readonly ShownSetting[] =>
  settingNames.map((name) => ({ name, value: shown(config, name), from: describeSource(sources[name]) }));

function shown<Name extends SettingName>(config: Config, name: Name): string {
  const setting: Setting<Config[Name]> = settingOf[name];
  return setting.show(config[name]);
}
