// Every owner's command as it may be typed: the one table that the reader, the help and the completion are made of.
import type { Run } from './shell.ts';

/** What an argument names: the completion offers those that there are. */
export type ArgumentKind = 'name' | 'token' | 'subkey' | 'device' | 'profile' | 'public key' | 'request id' | 'shell';

export interface OptionForm {
  /** Its value as the help shows it; absent for one without a value. */
  readonly value?: string;
  readonly about: string;
  /** May be given more than once, and holds a list separated by commas. */
  readonly isList?: true;
  /** The only values that there are. */
  readonly among?: readonly string[];
}

export const options = {
  url: { value: '<https://host>', about: 'the server; else COUNTERSIGN_URL, else that of the profile' },
  profile: { value: '<name>', about: 'which profile; else COUNTERSIGN_PROFILE, else the current one' },
  json: { about: "the server's own answer, one document" },
  'no-color': { about: 'no colours; so does NO_COLOR' },
  help: { about: 'print this' },
  'key-file': { value: '<file>', about: 'the main key is in this file, which nobody else may read (mode 0600)' },
  'wallet-key-file': { value: '<file>', about: "the same, for a wallet's private key" },
  stdin: { about: 'the main key comes on standard input; for report-leak, what was found, and never the main key' },
  onboard: { about: 'make the account if the server does not know it' },
  out: { value: '<file>', about: 'write the secret to this new file (mode 0600), as lines NAME=value' },
  show: { about: 'print the secret on stdout, alone on a line' },
  for: { value: '<30d>', about: 'how long it lives: 90s, 15m, 24h, 30d' },
  from: {
    value: '<addresses>',
    about: 'where it may be used from, with commas or repeated; or anywhere',
    isList: true,
  },
  overlap: { value: '<24h>', about: 'how long the old one works beside the new one; 0s ends it at once' },
  'console-url': { value: '<https://host>', about: 'where the console is, for the link; else the server says it' },
  ended: { about: 'those that have ended, too' },
  yes: { about: 'without asking' },
  everywhere: { about: 'end every session and device of the account, not this one alone' },
  key: { value: '<subkey:42>', about: 'of this key alone, by its name or id, such as subkey:42' },
  what: {
    value: '<what>',
    about: 'changes, logins or refused; otherwise all',
    among: ['changes', 'logins', 'refused'],
  },
  since: { value: '<7d>', about: 'how far back' },
  follow: { about: 'go on with what happens, until ^C' },
  days: { value: '<30>', about: 'how many days, today included' },
  addresses: { about: 'from which addresses, instead of on which days' },
  only: { value: '<kind>', about: 'nothing but tokens, or nothing but subkeys', among: ['tokens', 'subkeys'] },
} as const satisfies Readonly<Record<string, OptionForm>>;
export type OptionName = keyof typeof options;

/** What every command takes. */
export const everywhere: readonly OptionName[] = ['url', 'profile', 'json', 'no-color', 'help'];
/** Where a main key may come from; with none of them it is asked for on the terminal, hidden. */
export const mainKeyOptions: readonly OptionName[] = ['key-file', 'wallet-key-file', 'stdin'];

export interface Form {
  /** As they are typed: `tokens create`. */
  readonly words: string;
  readonly arguments: readonly { readonly name: string; readonly kind: ArgumentKind }[];
  /** The last argument may be repeated. */
  readonly isRepeated: boolean;
  readonly options: readonly OptionName[];
  readonly about: string;
  /** What the reader must know and a line cannot say. */
  readonly more?: string;
  /** Loaded when it runs: help and completion load no client. */
  load(): Promise<Run>;
}

const NEW_SECRET =
  'The secret exists once. On a terminal without --out and --show the command asks; elsewhere it stops before anything is made.';
const tokens = () => import('./commands/tokens.ts');
const subkeys = () => import('./commands/subkeys.ts');
const profiles = () => import('./commands/profiles.ts');
const ending = () => import('./commands/ending.ts');

/** In the order of the help. */
export const forms: readonly Form[] = [
  form('login', 'sign in: this machine gets a key that can look and end, for 8 hours', {
    options: [...mainKeyOptions, 'for', 'onboard'],
    more: 'Asks for the main key, hidden. The main key is used once and kept nowhere.',
    load: async () => (await import('./commands/login.ts')).login,
  }),
  form('logout', 'end the key of this machine', {
    options: ['everywhere', 'yes'],
    load: async () => (await import('./commands/logout.ts')).logout,
  }),
  form('profiles list', 'where this machine is signed in', { load: async () => (await profiles()).listProfiles }),
  form('profiles use <profile>', 'make it the current one', { load: async () => (await profiles()).useProfile }),
  form('profiles remove <profile>', 'forget it; logout ends its key at the server, too', {
    load: async () => (await profiles()).removeProfile,
  }),
  form('whoami', 'who the server takes you for', { load: async () => (await import('./commands/whoami.ts')).whoami }),
  form('tokens list', 'read-only keys', { options: ['ended'], load: async () => (await tokens()).listTokens }),
  form('tokens create <name>', 'a key that reads and never trades', {
    options: ['for', 'from', 'out', 'show', ...mainKeyOptions],
    more: NEW_SECRET,
    load: async () => (await import('./commands/new-token.ts')).createToken,
  }),
  form('tokens rotate <token>', 'a new one in its place; both work for a while', {
    options: ['overlap', 'for', 'out', 'show', ...mainKeyOptions],
    more: NEW_SECRET,
    load: async () => (await import('./commands/new-token.ts')).rotateToken,
  }),
  form('tokens rename <token> <name>', 'give it another name', { load: async () => (await tokens()).renameToken }),
  form('tokens restrict <token>', 'set the addresses it may be used from', {
    options: ['from', ...mainKeyOptions],
    more: 'A narrower list needs no main key; for a wider one it is asked for.',
    load: async () => (await tokens()).restrictToken,
  }),
  form('tokens revoke <token>...', 'end them, for good', {
    options: ['yes'],
    load: async () => (await ending()).revokeTokens,
  }),
  form('subkeys list', 'keys that trade', { options: ['ended'], load: async () => (await subkeys()).listSubkeys }),
  form('subkeys create <name>', 'make a key that trades, and register it', {
    options: ['for', 'from', 'out', 'show', ...mainKeyOptions],
    more: NEW_SECRET,
    load: async () => (await import('./commands/new-subkey.ts')).createSubkey,
  }),
  form('subkeys import <name> <public key>', 'register a key whose private half is elsewhere', {
    options: ['for', 'from', ...mainKeyOptions],
    load: async () => (await import('./commands/new-subkey.ts')).importSubkey,
  }),
  form('subkeys hand-off <name>', 'make a key for a phone: prints a link that works once, for 2 minutes', {
    options: ['for', 'from', 'console-url', ...mainKeyOptions],
    more: 'Waits until the key is taken and says from where; ^C deletes it. The link opens a page of the console.',
    load: async () => (await import('./commands/hand-off.ts')).handOff,
  }),
  form('subkeys rename <subkey> <name>', 'give it another name', { load: async () => (await subkeys()).renameSubkey }),
  form('subkeys restrict <subkey>', 'set the addresses it may be used from', {
    options: ['from', ...mainKeyOptions],
    more: 'A narrower list needs no main key; for a wider one it is asked for.',
    load: async () => (await subkeys()).restrictSubkey,
  }),
  form('subkeys revoke <subkey>...', 'end them, for good', {
    options: ['yes'],
    load: async () => (await ending()).revokeSubkeys,
  }),
  form('devices list', 'browsers and machines that are signed in', {
    options: ['ended'],
    load: async () => (await import('./commands/devices.ts')).listDevices,
  }),
  form('devices end <device>...', 'sign them out', {
    options: ['yes'],
    load: async () => (await ending()).endDevices,
  }),
  form('activity', 'what was done, and what was refused', {
    options: ['key', 'what', 'since', 'follow'],
    load: async () => (await import('./commands/activity.ts')).activity,
  }),
  form('usage', 'how often your keys were used', {
    options: ['key', 'days', 'addresses'],
    load: async () => (await import('./commands/usage.ts')).usage,
  }),
  form('explain <request id>', 'why a request was refused', {
    load: async () => (await import('./commands/explain.ts')).explain,
  }),
  form('revoke-all', 'end all keys, sessions and devices of the account, or --only tokens or subkeys', {
    options: ['only', 'yes', ...mainKeyOptions],
    load: async () => (await import('./commands/emergency.ts')).revokeAll,
  }),
  form('sign-out-everywhere', 'end every session and device; subkeys and tokens live on', {
    options: ['yes', ...mainKeyOptions],
    load: async () => (await import('./commands/emergency.ts')).signOutEverywhere,
  }),
  form('report-leak', 'end a token or session that you found, whoever owns it', {
    options: ['stdin', 'yes'],
    more: 'Asks for it, hidden, or reads it from standard input. It needs no login: the credential proves itself.',
    load: async () => (await import('./commands/emergency.ts')).reportLeak,
  }),
  form('session', 'print a bearer of 5 minutes, for curl', {
    options: mainKeyOptions,
    more: 'It is of the device, which can look and end; with a main key it is of the main key.',
    load: async () => (await import('./commands/session.ts')).session,
  }),
  form('completion <shell>', 'print the completion for bash or zsh', {
    load: async () => (await import('./commands/completion.ts')).completion,
  }),
  form('version', 'print the version', { load: async () => (await import('./commands/version.ts')).version }),
];

/** The first words of what is the owner's alone: each once, in order. The version is of a program, whoever types. */
export const ownerWords: readonly string[] = [
  ...new Set(forms.map(({ words }) => words.replace(/ .*/, '')).filter((word) => word !== 'version')),
];

/** `line` is what is typed, with its arguments in angle brackets. */
function form(
  line: string,
  about: string,
  rest: Pick<Form, 'load'> & { readonly options?: readonly OptionName[]; readonly more?: string },
): Form {
  const names = [...line.matchAll(/<([^>]+)>/g)].map(([, name = '']) => name);
  const kinds: readonly string[] = ['token', 'subkey', 'device', 'profile', 'public key', 'request id', 'shell'];
  const isKind = (name: string): name is ArgumentKind => kinds.includes(name);
  return {
    words: line.replace(/ <.*/, ''),
    arguments: names.map((name) => ({ name, kind: isKind(name) ? name : 'name' })),
    isRepeated: line.endsWith('...'),
    about,
    ...rest,
    options: rest.options ?? [],
  };
}

/** As it is typed: `tokens revoke <token>...`. */
export const usageOf = ({ words, arguments: args, isRepeated }: Form): string =>
  `${[words, ...args.map(({ name }) => `<${name}>`)].join(' ')}${isRepeated ? '...' : ''}`;
