// Writes the settings table for people: docs/configuration.md and the list of flags in the help.
// Both come from schema.ts alone, so that they cannot say what the program does not do.
// After a change of the table: npx node src/config/document.ts > docs/configuration.md
import { type FigureName, figureNames, figuresText } from '../access/figures.ts';
import { builtInFigures } from '../access/own-routes.ts';
import { publishedMembers, publishedNames } from './published.ts';
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

// The group of a setting is the part of its name before the first dot.
const titles: ReadonlyMap<string, string> = new Map([
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
  ['memory', 'Process'],
  ['wire', 'Wire: names and published facts'],
  ['siwe', 'Wire: names and published facts'],
  ['console', 'Console'],
  ['login', 'Login'],
  ['onboarding', 'Onboarding'],
  ['subkeys', 'Subkeys'],
  ['devices', 'Devices'],
  ['tokens', 'Tokens'],
  ['terminal_token', 'Tokens'],
  ['jwt', 'Tokens'],
  ['signing_keys', 'Tokens'],
  ['rate_limit', 'Rate limits'],
  ['usage', 'Told to owners'],
  ['explain', 'Told to owners'],
  ['orders', 'Signed orders'],
  ['engine', 'Stark-curve engine'],
]);

function titleOf(name: SettingName): string {
  const [group = ''] = name.split('.');
  const title = titles.get(group);
  if (title === undefined) throw new Error(`the group ${group} needs a title in document.ts`);
  return title;
}

const shownDefault = <Name extends SettingName>(name: Name): string => {
  const setting: Setting<Config[Name]> = settingOf[name];
  return setting.show(setting.default);
};

const kindOf = (name: SettingName): string =>
  settingOf[name].kind === 'secret' ? `secret: ${settingOf[name].expects}` : settingOf[name].expects;

const cell = (text: string): string => text.replaceAll('|', '\\|');

function row(name: SettingName): string {
  const { short, description, when } = settingOf[name];
  const written = shownDefault(name);
  const names = `\`${name}\`${short === undefined ? '' : ` (\`--${short}\`)`}`;
  const fallback = written === '' ? 'empty' : `\`${written}\``;
  return `| ${names} | ${cell(fallback)} | ${cell(kindOf(name))} | ${cell(description)} | ${cell(when)} |`;
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
      `## ${title}\n\n| setting | default | value | meaning | change it |\n|---|---|---|---|---|\n${rows.join('\n')}\n`,
  );
  return [introduction, ...tables, publishedTable(), figuresTable()].join('\n');
}

function publishedTable(): string {
  const rows = publishedNames.map((name) => {
    const member = publishedMembers[name];
    const text = typeof member.default === 'string' ? member.default : JSON.stringify(member.default);
    return `| \`${name}\` | ${text === '' ? 'empty' : `\`${text}\``} | ${cell(member.expects)} | ${cell(member.description)} |`;
  });
  return `## Members of wire.published

In the settings file \`{"wire": {"published": {"environment": "prod"}}}\`; in a flag or variable the same object as JSON, or \`@\` and the path of a
file that holds it. Members that are left out have their defaults.

| member | default | value | meaning |
|---|---|---|---|
${rows.join('\n')}
`;
}

const counted: Readonly<Record<FigureName, string>> = {
  public: 'public requests of an address, and those for what has no route',
  login: 'logins of an address',
  onboarding: 'onboardings of an address, and GET /v1/onboarding',
  activate: 'subkey activations and reports of leaked bearers of an address',
  private: 'all private requests of an address',
  handshakes:
    'TLS handshakes of an address; at once as many as http.max_connections_per_address. Trusted proxies are not counted',
  'private-read': 'private reads of an account',
  orders: 'orders placed, changed and cancelled of an account',
  'interactive-orders': 'orders placed or changed of an account under sessions asked for with token_usage=interactive',
  keys: 'subkey and token requests of an account',
  sessions: 'sessions opened of an account, by whatever key; the share is that of one login signature, too',
  emergency:
    'requests to sign out everywhere or revoke all of an account: those that change nothing and, apart, those that the owner signed. No other is held up',
  owner: 'what the owner of an account asks about its credentials and what they did, apart from what bots use up',
};

function figuresTable(): string {
  const rows = figureNames.map(
    (name) =>
      `| \`${name}\` | ${figuresText(builtInFigures[name])
        .map((text) => `\`${text}\``)
        .join(', ')} | ${counted[name]} |`,
  );
  return `## Figures of the rate limits

Each count is a bucket that is full at first and refills evenly; all of a row apply. The percentage is the share of one subkey or token of what
its account has; main keys have all. The figures stand in the route table (\`limits\`, [route-table.md](route-table.md)), and
\`rate_limit.override\` replaces any of them: \`rate_limit.override=orders=1600/s,orders=50%\`.

| name | figures | counts |
|---|---|---|
${rows.join('\n')}
`;
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
        wrapped(description),
        wrapped(`(${settingOf[name].expects}; default ${written === '' ? 'empty' : written}; ${variableOf(name)})`),
      ].join('\n');
    })
    .join('\n');
}

/** Indented lines of at most 100 columns, but for a word that is longer. */
const wrapped = (text: string): string => text.replace(/(\S.{0,93})(?: +|$)/g, '      $1\n').trimEnd();

if (import.meta.main) process.stdout.write(configurationDocument());
