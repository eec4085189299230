// Writes the settings table for people: docs/configuration.md and the list of flags in the help.
// Both come from schema.ts alone, so that they cannot say what the program does not do.
// After a change of the table: npx node src/config/document.ts > docs/configuration.md
import { type Config, type SettingName, settingNames, settingOf, variableOf } from './schema.ts';
import type { Setting } from './setting-types.ts';

const introduction = `# Configuration

<!-- Generated from src/config/schema.ts: npx node src/config/document.ts > docs/configuration.md -->

Countersign runs without any setting. A setting has one name everywhere, and the strongest of these wins:

| strength | where | how \`login.max_age\` is written |
|---|---|---|
| weakest | the default | |
| | \`countersign.json\` in the data folder | \`{"login": {"max_age": 600}}\` or \`{"login.max_age": 600}\` |
| | environment | \`CSIGN_LOGIN_MAX_AGE=600\` |
| strongest | flag | \`--login.max_age=600\` or \`--login.max_age 600\` |

- A name that is no setting, or a value that is not accepted, stops the start with a list of everything that is wrong.
  That includes values which a stronger place replaces.
- A switch is \`true\` or \`false\` in the file; flags and variables also take \`on\`, \`off\`, \`1\` and \`0\`, and a switch flag alone means \`true\`.
- A list is a JSON array in the file, and comma-separated in flags and variables. Setting a list replaces its default.
- Durations are whole seconds. Relative paths start at the working directory.
- \`data.folder\` decides which file is read, so it is not a setting of that file. Secrets (\`upstream.secret\`, \`operator.token\`, \`metrics.token\`) are not accepted as flags.
- Environment variables that begin with \`COUNTERSIGN_\` are ignored.
`;

const WIRE_TITLE = 'Wire: names and published facts';

// The group of a setting is the part of its name before the first dot; names without one are facts of the wire.
const titles: ReadonlyMap<string, string> = new Map([
  ['role', 'Process'],
  ['server', 'Process'],
  ['tls', 'Process'],
  ['operator', 'Operator API'],
  ['metrics', 'Operator API'],
  ['data', 'Process'],
  ['clock', 'Process'],
  ['master_key', 'Process'],
  ['routes', 'Process'],
  ['log', 'Process'],
  ['upstream', 'Venue behind the gateway'],
  ['proxy', 'Proxies and web pages in front'],
  ['cors', 'Proxies and web pages in front'],
  ['http', 'Requests'],
  ['siwe', WIRE_TITLE],
  ['login', 'Login'],
  ['onboarding', 'Onboarding'],
  ['subkeys', 'Subkeys'],
  ['tokens', 'Tokens'],
  ['terminal_token', 'Tokens'],
  ['jwt', 'Tokens'],
  ['signing_keys', 'Tokens'],
  ['rate_limit', 'Rate limits'],
  ['orders', 'Signed orders'],
  ['engine', 'Stark-curve engine'],
  ['view', 'Memory'],
  ['bearer_cache', 'Memory'],
]);

function titleOf(name: SettingName): string {
  const [group = '', ...rest] = name.split('.');
  const title = titles.get(group);
  if (title === undefined && rest.length > 0) throw new Error(`the group ${group} needs a title in document.ts`);
  return title ?? WIRE_TITLE;
}

const shownDefault = <Name extends SettingName>(name: Name): string => {
  const setting: Setting<Config[Name]> = settingOf[name];
  return setting.show(setting.default);
};

const kindOf = (name: SettingName): string =>
  settingOf[name].kind === 'secret' ? `secret: ${settingOf[name].expects}` : settingOf[name].expects;

const cell = (text: string): string => text.replaceAll('|', '\\|');

function row(name: SettingName): string {
  const { short, description } = settingOf[name];
  const written = shownDefault(name);
  const names = `\`${name}\`${short === undefined ? '' : ` (\`--${short}\`)`}`;
  const fallback = written === '' ? 'empty' : `\`${written}\``;
  return `| ${names} | ${cell(fallback)} | ${cell(kindOf(name))} | ${cell(description)} |`;
}

/** The whole text of docs/configuration.md. */
export function configurationDocument(): string {
  const sections = new Map<string, string[]>();
  for (const name of settingNames) {
    const title = titleOf(name);
    sections.set(title, [...(sections.get(title) ?? []), row(name)]);
  }
  const tables = [...sections].map(
    ([title, rows]) =>
      `## ${title}\n\n| setting | default | value | meaning |\n|---|---|---|---|\n${rows.join('\n')}\n`,
  );
  return [introduction, ...tables].join('\n');
}

/** The settings part of `--help`: one flag per paragraph, with its variable, its value and its default. */
export function describeSettings(): string {
  return settingNames
    .filter((name) => !settingOf[name].secret)
    .map((name) => {
      const { short, kind, description } = settingOf[name];
      const value = kind === 'boolean' ? '[=true|false]' : '=<value>';
      const written = shownDefault(name);
      return [
        `  --${name}${value}${short === undefined ? '' : `, --${short}`}`,
        `      ${description}`,
        `      (${settingOf[name].expects}; default ${written === '' ? 'empty' : written}; ${variableOf(name)})`,
      ].join('\n');
    })
    .join('\n');
}

if (import.meta.main) process.stdout.write(configurationDocument());
