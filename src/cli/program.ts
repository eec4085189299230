// Every command as it may be typed. Commander parses, prints help and suggests; settings are passed through to loadConfig. A command is
// loaded when it runs: help and version load no server.
import { Argument, Command, type CommanderError, Help, InvalidArgumentError, Option } from 'commander';
import { describeSettings } from '../config/document.ts';
import { ownersPart } from '../owner/help.ts';
import { printable } from '../owner/printable.ts';
import { helpFor, UsageError } from './usage.ts';

/** What was typed after a command. */
export interface Typed {
  /** Empty for a command that has none. */
  readonly verb: string;
  readonly argument: string | undefined;
  readonly json: boolean;
  /** The command's own options with a value, without dashes. */
  readonly options: ReadonlyMap<string, string>;
  /** Those without a value. */
  readonly switches: ReadonlySet<string>;
  readonly settings: TypedSettings;
}

export interface TypedSettings {
  /** What the command does not know itself: settings, or mistakes. */
  readonly argv: readonly string[];
  /** The command's own options, which a mistyped flag may mean. */
  readonly options: readonly string[];
}

/** Resolves to the exit code. */
export type Run = (typed: Typed) => Promise<number>;

/** Words first, options after them. A kid, base64url of 32 bytes, may begin with dashes; no option has that form and length. */
class Program extends Command {
  override parseOptions(argv: string[]) {
    const first = argv.findIndex((word) => word.startsWith('--') && !/^[A-Za-z0-9_-]{43}$/.test(word));
    return first === -1
      ? { operands: argv, unknown: [] }
      : { operands: argv.slice(0, first), unknown: argv.slice(first) };
  }
}

const HELP = '--help';

/** A command that takes settings: unknown options are not an error here, loadConfig judges them. */
class WithSettings extends Command {
  settings: readonly string[] = [];

  override parseOptions(argv: string[]) {
    const { operands, unknown } = super.parseOptions(argv);
    this.settings = unknown.filter((word) => word !== HELP);
    return { operands, unknown: unknown.filter((word) => word === HELP) };
  }
}

const EVERYBODY = 'For everybody:';
const OPERATOR = 'For the operator (asks the running server, or works on its data when none runs):';

/** A new one for each command line; `done` is told the exit code. */
export function createProgram(done: (code: number) => void = () => undefined): Command {
  const program = new Program('countersign');
  prepared(program).usage('<command> [settings]').helpCommand(false);
  program.addHelpText(
    'after',
    `\n${ownersPart()}
Words come first, options after them; --json prints for programs. What a command takes:
countersign help <command> [verb], or --help behind it. Settings: ${helpFor('serve')}.
Exit codes: 0 done, 1 failed or refused, 2 used wrongly or a setting is not accepted, 3 the server
that is asked, or holds the data folder, does not answer, 4 the owner is not signed in, 141 whoever
read the output stopped reading.`,
  );

  function add(command: Command, about: string, load: () => Promise<Run>, parent: Command = program): Command {
    if (command instanceof WithSettings && command.name() !== 'serve')
      command.addHelpText('after', `\nSettings are those of serve: ${helpFor('serve')}`);
    const isForEverybody = ['serve', 'demo', 'version', 'help'].includes(command.name());
    parent.addCommand(prepared(command.description(about)).helpGroup(isForEverybody ? EVERYBODY : OPERATOR));
    const words = command.registeredArguments.map((one) => (one.required ? `<${one.name()}>` : `[${one.name()}]`));
    command.usage([...words, '[options]', ...(command instanceof WithSettings ? ['[settings]'] : [])].join(' '));
    return command.action(async () => done(await (await load())(typedIn(command))));
  }
  const json = () => new Option('--json', 'print for programs');
  const withJson = (name: string) => new WithSettings(name).addOption(json());
  /** A command of several verbs. */
  const group = (name: string) => {
    const command = prepared(new Command(name)).usage('<verb> [options] [settings]').helpCommand(false);
    program.addCommand(command);
    return command;
  };

  add(
    new WithSettings('serve'),
    'start the credential authority, the gateway and, without --upstream, the demo venue',
    async () => (await import('./commands/serve.ts')).serve,
  ).addHelpText('after', () => `\n${settingsText()}`);
  add(
    new Command('demo').addOption(withValue('--url <http://host:port>', 'at a server that runs, instead of its own')),
    'walk through the whole story with real signatures',
    async () => (await import('./commands/demo.ts')).demo,
  );
  add(
    new Command('version').addOption(json()),
    'print the version',
    async () => (await import('./commands/version.ts')).version,
  );
  add(
    new Command('help').argument('[command]').argument('[verb]'),
    'print this, or what one command takes',
    async () => async () => showHelp(program),
  );

  const config = async () => (await import('./commands/config.ts')).config;
  const configs = group('config');
  add(withJson('check'), 'check whether the settings would be accepted', config, configs);
  add(withJson('show'), 'show every setting in force and its source', config, configs);

  const signingKeys = async () => (await import('./commands/signing-keys.ts')).signingKeys;
  const keys = group('signing-keys');
  add(withJson('list'), 'list the keys that sign sessions and tokens', signingKeys, keys);
  add(
    withJson('rotate').addArgument(new Argument('<use>').choices(['session', 'token', 'terminal'])),
    'replace the key of this use; no bearer is refused',
    signingKeys,
    keys,
  );
  add(
    withJson('retire')
      .argument('<kid>')
      .option('--yes', 'without asking; else the command says what dies and waits for yes'),
    'retire a compromised key: every bearer it signed is dead at once',
    signingKeys,
    keys,
  );

  const accounts = async () => (await import('./commands/accounts.ts')).accounts;
  const cursor = (about = 'goes on where an earlier answer ended') => withValue('--cursor <c>', about);
  const account = group('accounts');
  const limit = withValue('--limit <n>', 'so many at most');
  add(withJson('list').addOption(limit).addOption(cursor()), 'list the accounts', accounts, account);
  add(withJson('show').argument('<account>'), 'show an account with its subkeys and tokens', accounts, account);
  add(withJson('lock').argument('<account>'), 'stop everything of an account at once', accounts, account);
  add(withJson('unlock').argument('<account>'), 'let a locked account go on', accounts, account);

  const credentials = async () => (await import('./commands/credentials.ts')).credentials;
  const credential = group('credentials');
  add(
    withJson('find')
      .argument('<credential>', 'a credential, JWT or client address; - reads it from stdin')
      .addOption(cursor('what an address did before')),
    'find the owner of a credential, or what was used from an address',
    credentials,
    credential,
  );
  add(
    withJson('revoke').argument('<credential>', 'a credential or JWT; - reads it from stdin'),
    'end one subkey or token',
    credentials,
    credential,
  );

  const audit = new WithSettings('export')
    .addOption(withValue('--account <0x..>', 'of this account alone'))
    .addOption(withValue('--credential <subkey:42>', 'about this credential, and what it did; as find takes it'))
    .addOption(withValue('--action <token.revoked>', 'of this action, see docs/operator.md'))
    .addOption(withValue('--address <192.0.2.7>', "from this client's address"))
    .addOption(withValue('--request-id <id>', 'of this request'))
    .addOption(withValue('--from <2026-11-21>', 'from this time on, UTC'))
    .addOption(withValue('--to <2026-11-21T08:30:00Z>', 'before this time, UTC'))
    .addOption(cursor());
  const exported = async () => (await import('./commands/audit.ts')).audit;
  add(audit, 'print the audit log as JSON lines, oldest first', exported, group('audit'));

  add(
    withJson('backup').argument('<file or folder>'),
    'copy everything but the master key and the settings',
    async () => (await import('./commands/backup.ts')).backup,
  );
  add(
    withJson('restore')
      .argument('<backup>')
      .option('--keep-credentials', 'keep tokens and subkeys, also those revoked since the backup'),
    'make a new data folder (--data) of a backup; all sessions end, tokens and subkeys are revoked',
    async () => (await import('./commands/restore.ts')).restore,
  );
  const clock = async () => (await import('./commands/clock.ts')).clock;
  const clocks = group('clock');
  add(withJson('show'), "show the kept time beside this machine's", clock, clocks);
  add(
    withJson('accept'),
    "take this machine's time: all sessions end, and what ended or was made in between is revoked",
    clock,
    clocks,
  );
  add(
    withJson('doctor'),
    'say what is wrong; exit code 1 if anything is',
    async () => (await import('./commands/doctor.ts')).doctor,
  );
  return program;
}

/** An option with a value. Given twice, it is refused: nobody can tell which one was meant. */
function withValue(flags: string, about: string): Option {
  return new Option(flags, about).argParser((value: string, before: string | undefined) => {
    if (before === undefined) return value;
    throw new InvalidArgumentError('It is given twice.');
  });
}

/** As it is typed: `accounts lock`; empty for the program. */
export const pathOf = (command: Command): string =>
  command.parent === null ? '' : `${pathOf(command.parent)} ${command.name()}`.trimStart();

/** One page for all commands: those with verbs are listed by their verbs. */
export const leavesOf = (command: Command): readonly Command[] =>
  command.commands.flatMap((one) => (one.commands.length === 0 ? [one] : leavesOf(one)));

function prepared(command: Command): Command {
  return command
    .helpOption(HELP, 'print this')
    .exitOverride((error) => complain(command, error))
    .configureOutput({ writeErr: () => undefined, getOutHelpWidth: () => 100 })
    .configureHelp({
      // Set here, not as visibleCommands of its own: suggestions are made from those, and need the names of the next word.
      formatHelp: (of, helper) => new Help().formatHelp(of, Object.assign(helper, { visibleCommands: leavesOf })),
      subcommandTerm: (one) => `${pathOf(one)} ${one.usage().replace(/ ?\[(?:options|settings)\]/g, '')}`.trimEnd(),
      visibleOptions: (of) => (of.parent === null ? [] : [...optionsOf(of)]),
    });
}

/** Those of its verbs, too; each name once. */
export function optionsOf(command: Command): readonly Option[] {
  const all = [command, ...leavesOf(command)].flatMap(({ options }) => options);
  return [...new Map(all.map((option) => [option.name(), option])).values()];
}

/** Throws UsageError. */
export function typedIn(command: Command): Typed {
  const settings = command instanceof WithSettings ? command.settings : [];
  requireOwnOptions(command, settings);
  const given = command.opts();
  const own = command.options.map((option) => [option.name(), given[option.attributeName()]] as const);
  return {
    verb: command.parent?.parent === null ? '' : command.name(),
    argument: command.args[0],
    json: given.json === true,
    options: new Map(own.flatMap(([name, value]) => (typeof value === 'string' ? [[name, value] as const] : []))),
    switches: new Set(own.flatMap(([name, value]) => (value === true && name !== 'json' ? [name] : []))),
    settings: { argv: settings, options: [...command.options.map((option) => option.name()), 'help'] },
  };
}

/** Names the verb that an option belongs to. loadConfig would call it an unknown setting. */
function requireOwnOptions(command: Command, settings: readonly string[]): void {
  for (const flag of settings.map((word) => word.replace(/=.*$/s, ''))) {
    const others = command.parent?.commands.filter(({ options }) => options.some(({ long }) => long === flag)) ?? [];
    if (others.length > 0 && command.parent?.parent !== null)
      throw wrong(command, `${flag} is not expected, only with ${others.map(pathOf).join(', ')}`);
  }
}

const wrong = (command: Command, problem: string): UsageError => {
  const path = pathOf(command);
  return new UsageError(`${problem}; see ${helpFor(path)}`, path);
};

/** What commander found wrong, as one sentence of ours. */
function complain(command: Command, error: CommanderError): never {
  if (error.exitCode === 0) throw error; // help was asked for, and is printed
  const verbs = command.commands.map((one) => one.name());
  // Of a command with verbs, all options belong to its verbs.
  if (error.code === 'commander.help' || (error.code === 'commander.unknownOption' && verbs.length > 0)) {
    throw wrong(command, command.parent === null ? 'a command is missing' : `a verb is missing: ${verbs.join(', ')}`);
  }
  const [said = ''] = /^(?:error: )?(.*)$/s.exec(error.message)?.slice(1) ?? [];
  // Excess words may be the rest of a bearer, and the value of an unknown option a secret: they are not repeated.
  const cut = said
    .replace(/(?<=^too many .* but got \d+):.*$/s, '')
    .replace(/(?<=^unknown option '[^=]+)=.*(?=')/s, '');
  throw wrong(command, printable(cut.replaceAll('\n', ' ')).replace(/\.$/, ''));
}

/** `help accounts lock`. */
async function showHelp(program: Command): Promise<number> {
  const words = program.commands.find((one) => one.name() === 'help')?.args ?? [];
  let at = program;
  for (const word of words) {
    const next = at.commands.find((one) => one.name() === word);
    if (next === undefined && at.commands.length === 0) throw wrong(at, 'it has no verbs');
    // No command has that name, so parsing it runs nothing: it throws, with a suggestion.
    if (next === undefined) await createProgram().parseAsync([...words], { from: 'user' });
    else at = next;
  }
  at.outputHelp();
  return 0;
}

const settingsText =
  (): string => `Settings, as --name=value, CSIGN_NAME in the environment, or in countersign.json of the data folder:

${describeSettings()}`;
