// What can be asked for, on one screen, or what one command takes; commands and settings are generated from their tables.
import { describeSettings } from '../../config/document.ts';
import { UsageError } from '../arguments.ts';
import {
  type CommandName,
  commandNames,
  formsOf,
  isCommandName,
  optionText,
  unknownCommand,
  usageOf,
  wordsOf,
} from '../command-forms.ts';
import { reporting } from '../operator-client.ts';
import { printable } from '../output.ts';

const forEverybody: readonly CommandName[] = ['serve', 'demo', 'version', 'help'];

export async function help(argv: readonly string[]): Promise<number> {
  return reporting('help', async () => {
    const [name, ...more] = argv;
    if (more.length > 0) throw new UsageError(usageOf('help'));
    if (name === undefined) process.stdout.write(everything());
    else if (isCommandName(name)) process.stdout.write(helpOf(name));
    else throw new UsageError(unknownCommand(printable(name)));
  });
}

/** What one command takes. */
export function helpOf(name: CommandName): string {
  const { json, settings } = formsOf[name];
  const programs = json ? line('    --json', 'prints for programs') : '';
  const own = `${usageOf(name)}\n\n${linesOf(name)}${programs}`;
  if (name === 'serve') return `${own}\n${settingsText()}`;
  return settings ? `${own}\nSettings are those of serve: countersign help serve\n` : own;
}

const everything = (): string => `countersign <command> [settings]

${forEverybody.map(linesOf).join('')}
For the operator; they ask the server that runs on the data folder, or work on the data when none runs:

${commandNames
  .filter((name) => !forEverybody.includes(name))
  .map(linesOf)
  .join('')}
Words come first, options after them; --json prints for programs. Exit codes: 0 done, 1 failed or refused, 2 used wrongly or a
setting is not accepted, 3 a server holds the data folder but does not answer. countersign <command> --help: what one takes.

${settingsText()}`;

const settingsText =
  (): string => `Settings, as --name=value, CSIGN_NAME in the environment, or in countersign.json of the data folder:

${describeSettings()}
`;

const COLUMN = 46;

const line = (typed: string, about: string): string => `${`  ${typed}`.padEnd(COLUMN)}  ${about}\n`;

const linesOf = (name: CommandName): string =>
  formsOf[name].forms
    .map((form) => {
      const options = Object.entries(form.options ?? {}).map(([option, about]) =>
        line(`    ${optionText(option, about)}`, about.about),
      );
      return `${line(`${name} ${wordsOf(form)}`.trimEnd(), form.about)}${options.join('')}`;
    })
    .join('');
