// The owner's command lines: what is accepted, and what a refused one says and never repeats.
import { expect, test } from 'vitest';
import { type Form, forms, type OptionForm, options, usageOf } from '../../../src/owner/forms.ts';
import { helpOf, overview, ownersPart } from '../../../src/owner/help.ts';
import { read } from '../../../src/owner/reader.ts';
import { WrongUse } from '../../../src/owner/stops.ts';

function typed(line: string) {
  const found = read(line.split(' '), 'countersign');
  if ('help' in found) throw new Error('help was asked for');
  const { form, arguments: args, given } = found.run;
  return { words: form.words, args, given: Object.fromEntries(given) };
}

function refusal(...argv: string[]): string {
  try {
    read(argv, 'countersign');
  } catch (error) {
    if (error instanceof WrongUse) return error.message;
    throw error;
  }
  throw new Error(`${argv.join(' ')} was accepted`);
}

const sampleOf = (form: Form): string[] => [
  ...form.words.split(' '),
  ...form.arguments.map(() => 'x'),
  ...form.options.flatMap((name) => {
    const option: OptionForm = options[name];
    return option.value === undefined ? [`--${name}`] : [`--${name}`, option.among?.[0] ?? 'x'];
  }),
];

test.each(forms.map((form) => [usageOf(form), form] as const))('the owner may type: %s', (_, form) => {
  const line = read(sampleOf(form), 'countersign');
  expect(line).toMatchObject({ run: { form: { words: form.words } } });
  if ('run' in line) expect([...line.run.given.keys()]).toEqual(form.options);
});

test('words and options of an owner stand in any order, with = or a space, and -- ends the options', () => {
  expect(typed('tokens create --for=30d bot --from 1.2.3.4 --from 5.6.7.8 --json')).toEqual({
    words: 'tokens create',
    args: ['bot'],
    given: { for: ['30d'], from: ['1.2.3.4', '5.6.7.8'], json: [''] },
  });
  expect(typed('tokens rename a -- --name')).toMatchObject({ args: ['a', '--name'] });
  expect(typed('tokens revoke a b c').args).toEqual(['a', 'b', 'c']);
});

test.each([
  ['tokns list', 'there is no command "tokns" (did you mean tokens?); see countersign help'],
  ['tokens', 'tokens: a verb is missing: list, create, rotate, rename, restrict, revoke; see countersign help tokens'],
  ['tokens lsit', 'tokens: there is no verb "lsit" (did you mean list?); see countersign help tokens'],
  [
    'tokens revoke',
    'tokens revoke: <token> is missing: countersign tokens revoke <token>...; see countersign help tokens revoke',
  ],
  ['whoami now', 'whoami: one word too many: countersign whoami; see countersign help whoami'],
  [
    'tokens rename dashboard my new one',
    'tokens rename: 2 words too many: countersign tokens rename <token> <name>, with quotes around a name that has blanks; see countersign help tokens rename',
  ],
  ['login --ulr x', 'login: there is no option --ulr (did you mean --url?); see countersign help login'],
  [
    'tokens list --endd',
    'tokens list: there is no option --endd (did you mean --ended?); see countersign help tokens list',
  ],
  ['tokens list --ended=1', 'tokens list: --ended takes no value; see countersign help tokens list'],
  ['activity --since', 'activity: --since needs a value: <7d>; see countersign help activity'],
  ['activity --since --follow', 'activity: --since needs a value: <7d>; see countersign help activity'],
  ['activity --since 1d --since 2d', 'activity: --since is given twice; see countersign help activity'],
  ['activity --what all', 'activity: --what takes changes or logins or refused; see countersign help activity'],
  ['tokens create bot --out=', 'tokens create: --out is empty: <file>; see countersign help tokens create'],
  ['activity --key=', 'activity: --key is empty: <subkey:42>; see countersign help activity'],
])('an owner who types %j is told what is wrong', (line, message) => {
  expect(refusal(...line.split(' '))).toBe(message);
});

test('a variable of a script that is not set names no key, no file and no server', () => {
  expect(refusal('tokens', 'revoke', '', '--yes')).toContain('<token> is empty');
  expect(refusal('tokens', 'revoke', 'a', '', '--yes')).toContain('<token> is empty');
  expect(refusal('subkeys', 'create', '', '--show')).toContain('<name> is empty');
  expect(refusal('tokens', 'create', 'bot', '--out', '')).toContain('--out is empty');
  expect(refusal('whoami', '--profile', '')).toContain('--profile is empty');
});

const KEY = `0x${'5a'.repeat(31)}`;

test.each([
  ['login', '--key', KEY],
  ['login', `--key=${KEY}`],
  ['login', `--private-key=${KEY}`],
  ['login', '--main-key', KEY],
  ['login', '--eth-private-key', KEY],
  ['login', KEY],
  ['login', KEY.slice(2)],
  ['tokens', 'create', 'bot', KEY],
  ['subkeys', 'create', 'bot', '--secret', KEY],
  ['login', '--key-file', KEY],
  ['login', `--wallet-key-file=${KEY.slice(2)}`],
  ['tokens', 'create', 'bot', '--out', KEY],
  ['tokens', 'create', KEY],
  ['subkeys', 'import', KEY, '0x1'],
  ['tokens', 'revoke', 'a', KEY],
  ['explain', KEY],
])('a main key as an argument is refused with the reason, and not repeated: %s %s', (...argv) => {
  const said = refusal(...argv);
  expect(said).toContain('a private key is never given as an argument');
  expect(said).not.toContain(KEY.slice(2, 12));
});

test('what an owner pasted into a wrong place is not repeated', () => {
  for (const argv of [
    [KEY],
    ['tokens', KEY],
    ['whoami', 'eyJhbGciOi.x.y'],
    ['whoami', `--${KEY}`],
    ['whoami', '--tok=eyJhbG'],
    ['activity', '--what', KEY],
  ])
    expect(refusal(...argv)).not.toMatch(/5a5a5a|eyJ/);
});

test("the owner's help fits a screen, names every form, and no line is wider than 100 columns", () => {
  const text = overview('countersign-client');
  const lines = text.trimEnd().split('\n');
  expect(lines.length).toBeLessThanOrEqual(60);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
  for (const form of forms) expect(text).toContain(`  ${usageOf(form)} `);
});

test('the help of a form says all that it takes, at most 100 columns wide', () => {
  for (const form of forms) {
    const text = helpOf([form], 'countersign');
    expect(text).toContain(`Usage: countersign ${usageOf(form)} [options]`);
    for (const name of [...form.options, 'url', 'json']) expect(text).toContain(`  --${name}`);
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
  }
});

test("the part of the owner in the operator's help has each first word once, with its verbs", () => {
  const [, ...lines] = ownersPart()
    .replaceAll(/\n {10,}/g, ' ')
    .trimEnd()
    .split('\n');
  // The operator's own part has the version.
  const own = forms.filter(({ words: typed }) => typed !== 'version');
  const words = new Set(own.map(({ words: typed }) => typed.split(' ')[0]));
  expect(lines.map((line) => line.trim().split(' ')[0])).toEqual([...words]);
  for (const { words: all } of own) {
    const [word = '', verb] = all.split(' ');
    expect(
      lines.find((line) => line.trim().startsWith(`${word} `)),
      all,
    ).toContain(verb ?? word);
  }
});

test('a public key is no main key, however it looks', () => {
  for (const argv of [
    ['subkeys', 'revoke', KEY],
    ['subkeys', 'import', 'bot', KEY],
    ['subkeys', 'restrict', KEY, '--from', '192.0.2.1'],
  ])
    expect(read(argv, 'countersign')).toHaveProperty('run');
});
