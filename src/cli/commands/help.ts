// What can be asked for, on one screen, or what one command takes; commands and settings are generated from their tables.
import { describeSettings } from '../../config/document.ts';
import { UsageError } from '../arguments.ts';
import {
  type CommandName,
  commandNames,
  type Form,
  formsOf,
  helpFor,
  isCommandName,
  optionText,
  unknownCommand,
  usageOf,
  wordsOf,
} from '../command-forms.ts';
import { reporting } from '../operator-client.ts';
import { printable } from '../output.ts';
import { formOf } from '../read-arguments.ts';

const forEverybody: readonly CommandName[] = ['serve', 'demo', 'version', 'help'];

export async function help(argv: readonly string[]): Promise<number> {
  return reporting('help', async () => {
    const [name, verb, ...more] = argv;
    if (more.length > 0) throw new UsageError(usageOf('help'));
    if (name === undefined) process.stdout.write(everything());
    else if (isCommandName(name)) process.stdout.write(helpOf(name, verb));
    else throw new UsageError(unknownCommand(printable(name)));
  });
}

/** What one command takes, or one verb of it. Throws UsageError for a verb that it does not have. */
function helpOf(name: CommandName, verb: string | undefined): string {
  const { forms, json, settings } = formsOf[name];
  const some = verb === undefined ? forms : [verbOf(name, verb)];
  const programs = json ? line('    --json', 'prints for programs') : '';
  const own = `${usageOf(name, some === forms ? undefined : verb)}\n\n${some.map((form) => linesOf(name, form)).join('')}${programs}`;
  if (name === 'serve') return `${own}\n${settingsText()}`;
  return settings ? `${own}\nSettings are those of serve: ${helpFor('serve')}\n` : own;
}

function verbOf(name: CommandName, verb: string): Form {
  const form = formOf(name, verb);
  if (form.verb === undefined) throw new UsageError(`${name} has no verbs; see ${helpFor(name)}`);
  return form;
}

const oneLineEach = (names: readonly CommandName[]): string =>
  names.flatMap((name) => formsOf[name].forms.map((form) => line(typedOf(name, form), form.about))).join('');

const everything = (): string => `countersign <command> [settings]

${oneLineEach(forEverybody)}
For the operator; they ask the server that runs on the data folder, or work on the data when none
runs:

${oneLineEach(commandNames.filter((name) => !forEverybody.includes(name)))}
Words come first, options after them; --json prints for programs. What a command takes:
countersign help <command> [verb], or --help behind it. Settings: ${helpFor('serve')}.
Exit codes: 0 done, 1 failed or refused, 2 used wrongly or a setting is not accepted, 3 a server
holds the data folder but does not answer, 141 whoever read the output stopped reading.
`;

const settingsText =
  (): string => `Settings, as --name=value, CSIGN_NAME in the environment, or in countersign.json of the data folder:

${describeSettings()}
`;

/** Of a screen. */
const WIDTH = 100;
const COLUMN = 46;

/** What is typed, and about it as many lines as it takes beside that. */
function line(typed: string, about: string): string {
  const lines: string[] = [];
  for (const word of about.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || COLUMN + 2 + last.length + 1 + word.length > WIDTH) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  const left = `  ${typed}`;
  const beside = left.length > COLUMN ? [`${left}\n`] : [];
  const first = beside.length > 0 ? '' : left;
  return [...beside, ...lines.map((text, at) => `${(at === 0 ? first : '').padEnd(COLUMN)}  ${text}\n`)].join('');
}

const typedOf = (name: CommandName, form: Form): string => `${name} ${wordsOf(form)}`.trimEnd();

function linesOf(name: CommandName, form: Form): string {
  const options = Object.entries(form.options ?? {}).map(([option, about]) =>
    line(`    ${optionText(option, about)}`, about.about),
  );
  return `${line(typedOf(name, form), form.about)}${options.join('')}`;
}
