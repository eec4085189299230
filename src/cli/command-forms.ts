// Every command as it may be typed. The parser reads its options from here, and usage lines, help and completion are made of it,
// so that none of them can offer what another does not know.
import { keyUses } from '../jwt/kinds.ts';
import { didYouMean } from './arguments.ts';

export interface Option {
  /** How its value reads in the help; absent where it stands alone. */
  readonly value?: string;
  readonly about: string;
}

/** One way to call a command. */
export interface Form {
  /** Absent where the command has one form only. */
  readonly verb?: string;
  /** What follows: one of these words, or something that only the caller knows. */
  readonly argument?: readonly string[] | string;
  readonly about: string;
  readonly options?: Readonly<Record<string, Option>>;
}

export interface CommandForms {
  readonly forms: readonly Form[];
  /** Prints for programs, too. */
  readonly json: boolean;
  /** Takes settings. */
  readonly settings: boolean;
}

const cursor: Option = { value: 'c', about: 'goes on where an earlier answer ended' };

export const commandForms = {
  serve: {
    forms: [{ about: 'start the credential authority, the gateway and, without --upstream, the demo venue' }],
    json: false,
    settings: true,
  },
  demo: {
    forms: [
      {
        about: 'walk through the whole story with real signatures',
        options: { url: { value: 'http://host:port', about: 'at a server that runs, instead of one of its own' } },
      },
    ],
    json: false,
    settings: false,
  },
  config: {
    forms: [
      { verb: 'check', about: 'say whether the settings would be accepted' },
      { verb: 'show', about: 'every setting in force, and where it comes from' },
    ],
    json: true,
    settings: true,
  },
  'signing-keys': {
    forms: [
      { verb: 'list', about: 'the keys that sign sessions and tokens' },
      {
        verb: 'rotate',
        argument: keyUses,
        about: 'replace the key of this use; no bearer is refused',
      },
      {
        verb: 'retire',
        argument: '<kid>',
        about: 'a compromised key: every bearer it signed is dead at once',
        options: { yes: { about: 'without asking; else it says what dies, and waits for yes' } },
      },
    ],
    json: true,
    settings: true,
  },
  accounts: {
    forms: [
      { verb: 'list', about: 'who is here', options: { limit: { value: 'n', about: 'so many at most' }, cursor } },
      { verb: 'show', argument: '<account>', about: 'its subkeys and tokens, too' },
      { verb: 'lock', argument: '<account>', about: 'everything of it stops at once' },
      { verb: 'unlock', argument: '<account>', about: 'and goes on' },
    ],
    json: true,
    settings: true,
  },
  credentials: {
    forms: [
      {
        verb: 'find',
        argument: '<credential | JWT | address | ->',
        about: 'whose it is; what an address used; - reads it from stdin',
        options: { cursor: { value: 'c', about: 'what an address did before' } },
      },
      { verb: 'revoke', argument: '<credential | JWT | ->', about: 'end that one subkey or token' },
    ],
    json: true,
    settings: true,
  },
  audit: {
    forms: [
      {
        verb: 'export',
        about: 'the audit log as JSON lines, oldest first',
        options: {
          account: { value: '0x..', about: 'of this account alone' },
          credential: { value: 'subkey:42', about: 'about it, and what it did; as find takes it' },
          action: { value: 'token.revoked', about: 'of this action, see docs/operator.md' },
          address: { value: '192.0.2.7', about: "from this client's address" },
          'request-id': { value: 'id', about: 'of this request' },
          from: { value: '2026-11-21', about: 'from this time on, UTC' },
          to: { value: '2026-11-21T08:30:00Z', about: 'before this time, UTC' },
          cursor,
        },
      },
    ],
    json: false,
    settings: true,
  },
  backup: {
    forms: [{ argument: '<file or folder>', about: 'a copy of everything but the master key and the settings' }],
    json: true,
    settings: true,
  },
  restore: {
    forms: [
      {
        argument: '<backup> --data=<new folder>',
        about: 'a data folder made of it; all sessions end, tokens and subkeys are revoked',
        options: { 'keep-credentials': { about: 'keeps those two, also what was revoked since the backup' } },
      },
    ],
    json: true,
    settings: true,
  },
  clock: {
    forms: [
      { verb: 'show', about: "the time that is kept beside this machine's" },
      {
        verb: 'accept',
        about: "take this machine's: all sessions end, and what ended or was made in between is revoked",
      },
    ],
    json: true,
    settings: true,
  },
  doctor: { forms: [{ about: 'what is wrong, if anything is: exit code 1' }], json: true, settings: true },
  completion: {
    forms: [{ argument: ['bash', 'zsh'], about: 'for your shell: source <(countersign completion bash)' }],
    json: false,
    settings: false,
  },
  version: { forms: [{ about: 'print the version' }], json: true, settings: false },
  help: {
    forms: [{ argument: '[command] [verb]', about: 'print this, or what one command takes' }],
    json: false,
    settings: false,
  },
} as const satisfies Readonly<Record<string, CommandForms>>;

export type CommandName = keyof typeof commandForms;

/** The same table, typed so that any name and its forms stay together. */
export const formsOf: Readonly<Record<CommandName, CommandForms>> = commandForms;

export const isCommandName = (name: string): name is CommandName => Object.hasOwn(commandForms, name);

/** In the order of the table. */
export const commandNames: readonly CommandName[] = Object.keys(commandForms).filter(isCommandName);

/** All options of a command, whatever its verb. */
export const optionsOf = (name: CommandName): readonly (readonly [name: string, Option])[] =>
  formsOf[name].forms.flatMap(({ options }) => Object.entries(options ?? {}));

/** `rotate session|token|terminal`. */
export const wordsOf = ({ verb, argument }: Form): string =>
  [verb ?? [], typeof argument === 'object' ? argument.join('|') : (argument ?? [])].flat().join(' ');

export const optionText = (name: string, { value }: Option): string =>
  value === undefined ? `--${name}` : `--${name}=${value}`;

/** One line, of one verb or of all. */
export function usageOf(name: CommandName, verb?: string): string {
  const { forms, json, settings } = formsOf[name];
  const typed = forms
    .filter((form) => verb === undefined || form.verb === verb)
    .map((form) => {
      const options = Object.entries(form.options ?? {}).map(([option, about]) => `[${optionText(option, about)}]`);
      return [wordsOf(form), ...options].filter((word) => word !== '').join(' ');
    });
  const rest = [json ? ['[--json]'] : [], settings ? ['[settings]'] : []].flat().join(' ');
  return `usage: countersign ${`${name} ${typed.join(' | ')}`.trimEnd()}${rest === '' ? '' : `  ${rest}`}`;
}

/** What prints what a command, or one verb of it, takes. */
export const helpFor = (name: CommandName, verb?: string): string =>
  `countersign help ${name}${verb === undefined ? '' : ` ${verb}`}`;

export const unknownCommand = (name: string): string =>
  `no command "${name}"${didYouMean(name, commandNames) || '.'} Commands: ${commandNames.join(', ')}.`;
