// The help, made of the table of forms. All of it fits 60 lines of 100 columns, for the terminal of whoever is in a hurry.
import {
  everywhere,
  type Form,
  forms,
  mainKeyOptions,
  type OptionForm,
  type OptionName,
  options,
  ownerWords,
  usageOf,
} from './forms.ts';

const WIDTH = 100;

/** All commands. */
export function overview(program: string): string {
  const lines = forms.map((form) => [usageOf(form), form.about] as const);
  return `Usage: ${program} <command> [options]

${columns(lines)}
${program} help <command>, or --help behind it, says what a command takes. Everywhere:
${columns(everywhere.map(optionLine))}
${ENDING}`;
}

const ENDING = `Main keys are asked for, hidden, or read from --key-file or --stdin; as an argument or in the
environment they are refused. Exit codes: 0 done, 1 refused or failed, 2 used wrongly, 3 no answer,
4 not signed in.
`;

/** For the help of a program that has other commands, and hands these on: one line for each first word, its verbs behind it. */
export function ownersPart(): string {
  const lines = ownerWords.map((word): readonly [string, string] => {
    const own = forms.filter(({ words }) => words === word || words.startsWith(`${word} `));
    const [only] = own;
    if (own.length === 1 && only !== undefined) return [usageOf(only), only.about];
    return [word, `${groups[word]}: ${own.map(({ words }) => words.slice(word.length + 1)).join(', ')}`];
  });
  return `For the owner of an account (asks any server; countersign login first):\n${columns(lines, 33)}`;
}

/** What the verbs of a word are about. */
const groups: Readonly<Record<string, string>> = {
  profiles: 'where this machine is signed in',
  tokens: 'keys that only read',
  subkeys: 'keys that trade',
  devices: 'what is signed in',
};

/** One page for one form, or for all verbs of a word. */
export function helpOf(some: readonly Form[], program: string): string {
  if (some.length !== 1) return `${columns(some.map((form) => [`${program} ${usageOf(form)}`, form.about]))}`;
  const [form] = some;
  if (form === undefined) return overview(program);
  const own = form.options.filter((name) => !mainKeyOptions.includes(name) || !hasMainKey(form));
  return [
    `Usage: ${program} ${usageOf(form)} [options]\n\n${wrapped(`${form.about[0]?.toUpperCase()}${form.about.slice(1)}. ${form.more ?? ''}`)}`,
    own.length === 0 ? '' : `Options:\n${columns(own.map(optionLine))}`,
    hasMainKey(form)
      ? `The main key, where it is needed, is asked for on the terminal, or:\n${columns(mainKeyOptions.map(optionLine))}`
      : '',
    `Everywhere:\n${columns(everywhere.map(optionLine))}`,
  ]
    .filter((part) => part !== '')
    .join('\n');
}

const hasMainKey = (form: Form): boolean => form.options.includes('key-file');

const optionLine = (name: OptionName): readonly [string, string] => {
  const { value, about }: OptionForm = options[name];
  return [`--${name}${value === undefined ? '' : ` ${value}`}`, about];
};

/** Two columns, the second one wrapped. */
function columns(lines: readonly (readonly [string, string])[], atLeast = 0): string {
  const width = Math.max(atLeast, ...lines.map(([left]) => left.length + 2));
  return lines
    .map(([left, right]) => {
      const [first = '', ...more] = wrapped(right, WIDTH - width - 2)
        .trimEnd()
        .split('\n');
      return [`  ${left.padEnd(width)}${first}`, ...more.map((line) => `${' '.repeat(width + 2)}${line}`)].join('\n');
    })
    .join('\n')
    .concat('\n');
}

function wrapped(text: string, width = WIDTH): string {
  let line = '';
  let all = '';
  for (const word of text.trim().split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      all += `${line}\n`;
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return `${all}${line}\n`;
}
