import { describe, expect, test } from 'vitest';
import { splitArguments, UsageError } from '../../../src/cli/arguments.ts';
import {
  type CommandName,
  commandNames,
  formsOf,
  isCommandName,
  unknownCommand,
  usageOf,
} from '../../../src/cli/command-forms.ts';
import { jsonText, printable, shownBytes, shownTime, table } from '../../../src/cli/output.ts';
import { readArguments } from '../../../src/cli/read-arguments.ts';

const split = (line: string) => {
  const { words, json, options, settings } = splitArguments(line.split(' '), ['account', 'to']);
  return { words, json, options: Object.fromEntries(options), settings };
};

test('words come first, options in any order after them, and the rest are settings', () => {
  expect(split('show 0x1 --json --data ./x --account=0x2 --to 2026')).toEqual({
    words: ['show', '0x1'],
    json: true,
    options: { account: '0x2', to: '2026' },
    settings: ['--data', './x'],
  });
  expect(split('list')).toEqual({ words: ['list'], json: false, options: {}, settings: [] });
});

test('what is not understood is left to the settings, which refuse it', () => {
  expect(split('--jsn list --accounts=1').settings).toEqual(['--jsn', 'list', '--accounts=1']);
});

test('an option that stands alone takes no value, and one with a value is not it', () => {
  const { words, switches, settings } = splitArguments(['a', '--keep', '--data=x'], [], ['keep']);
  expect([words, [...switches], settings]).toEqual([['a'], ['keep'], ['--data=x']]);
  expect(splitArguments(['a', '--keep=false'], [], ['keep']).settings).toEqual(['--keep=false']);
});

test('the options of a command are those that its usage names', () => {
  expect(usageOf('restore')).toBe(
    'usage: countersign restore <backup> --data=<new folder> [--keep-credentials]  [--json] [settings]',
  );
  const restore = readArguments('restore', ['x', '--keep-credentials', '--data=y', '--limit=1']);
  expect([restore.argument, [...restore.switches], restore.settings]).toEqual([
    'x',
    ['keep-credentials'],
    ['--data=y', '--limit=1'],
  ]);
  expect(usageOf('accounts')).toBe(
    'usage: countersign accounts list [--limit=n] [--cursor=c] | show <account> | lock <account> | unlock <account>  [--json] [settings]',
  );
  expect([...readArguments('accounts', ['list', '--limit', '1', '--cursor=2']).options]).toEqual([
    ['limit', '1'],
    ['cursor', '2'],
  ]);
  expect(usageOf('serve')).toBe('usage: countersign serve  [settings]');
  expect(usageOf('completion')).toBe('usage: countersign completion bash|zsh');
});

test('a kid may begin with dashes', () => {
  const kid = `--${'a'.repeat(41)}`;
  expect(split(`retire ${kid} --json`)).toMatchObject({ words: ['retire', kid], json: true });
});

test('an option without a value, or with two, is refused', () => {
  expect(() => split('export --account')).toThrow(UsageError);
  expect(() => split('export --to=1 --to=2')).toThrow(UsageError);
});

test('text from the store cannot move the cursor or turn the direction of the line', () => {
  const name = 'a\u001b[2Jb\nc\u202ed\u0085';
  expect(printable(name)).toBe('a\\u{1b}[2Jb\\u{a}c\\u{202e}d\\u{85}');
  expect(table([['NAME'], [name]]).split('\n')).toHaveLength(3);
});

test('columns are as wide as their widest cell', () => {
  expect(
    table([
      ['A', 'LONG', 'C'],
      ['wide cell', 'x', ''],
    ]),
  ).toBe('A          LONG  C\nwide cell  x\n');
  expect(table([])).toBe('');
});

test('a time is shown to the second, and no time as a dash', () => {
  expect(shownTime(1_800_000_000_123_456_800)).toBe('2027-01-15T08:00:00Z');
  for (const none of [0, undefined, null, 'x']) expect(shownTime(none)).toBe('-');
});

test('an integer has every digit in JSON, and the rest is as JSON has it', () => {
  const value = {
    at: 1_800_000_000_123_456_789n,
    text: 'a"b',
    none: null,
    left: undefined,
    list: [1n, true, { x: 'y' }],
  };
  expect(jsonText(value)).toBe('{"at":1800000000123456789,"text":"a\\"b","none":null,"list":[1,true,{"x":"y"}]}');
});

test('sizes are told in the unit that fits', () => {
  expect([0, 1023, 1024, 1536, 5 * 1024 ** 3].map(shownBytes)).toEqual([
    '0 bytes',
    '1023 bytes',
    '1.0 KiB',
    '1.5 KiB',
    '5.0 GiB',
  ]);
});

describe('what was typed wrongly is named, with what was expected', () => {
  const refusal = (line: string): string => {
    const [name = '', ...argv] = line.split(' ');
    if (!isCommandName(name)) throw new Error(`no command ${name}`);
    try {
      readArguments(name, argv);
    } catch (error) {
      if (error instanceof UsageError) return error.message;
      throw error;
    }
    throw new Error(`${line} was accepted`);
  };

  test.each([
    ['accounts', 'a word is missing; list, show, lock or unlock is expected; see countersign help accounts'],
    [
      'accounts lokc 0x1',
      '"lokc" is not list, show, lock or unlock; did you mean lock?; see countersign help accounts',
    ],
    ['accounts frobnicate', '"frobnicate" is not list, show, lock or unlock; see countersign help accounts'],
    ['accounts lock', 'lock: <account> is missing; see countersign help accounts lock'],
    [
      'accounts lock 0x1 0x2',
      'lock: <account> is expected once, and 2 words were given; see countersign help accounts lock',
    ],
    ['accounts list 0x1', 'list: "0x1" is not expected; see countersign help accounts list'],
    [
      'accounts lock 0x1 --limit=3',
      'lock: --limit is not expected, only with accounts list; see countersign help accounts lock',
    ],
    ['signing-keys rotate', 'rotate: session, token or terminal is missing; see countersign help signing-keys rotate'],
    [
      'signing-keys rotate tokne',
      'rotate: "tokne" is not session, token or terminal; did you mean token?; see countersign help signing-keys rotate',
    ],
    [
      'signing-keys list --yes',
      'list: --yes is not expected, only with signing-keys retire; see countersign help signing-keys list',
    ],
    ['backup', '<file or folder> is missing; see countersign help backup'],
    ['restore --data=x', '<backup> is missing; see countersign help restore'],
    ['doctor now', '"now" is not expected; see countersign help doctor'],
    ['completion powershell', '"powershell" is not bash or zsh; see countersign help completion'],
    ['version --port=1', '"--port=1" is not expected; see countersign help version'],
  ])('%s', (line, sentence) => {
    expect(refusal(line)).toBe(sentence);
  });

  test('a bearer that was pasted in two words is not repeated', () => {
    expect(refusal('credentials find Bearer eyJhbGciOi')).not.toContain('eyJ');
  });

  test('every form of every command is accepted as it is written', () => {
    const parsed: readonly CommandName[] = commandNames.filter((name) => !['serve', 'demo', 'help'].includes(name));
    for (const name of parsed) {
      for (const { verb, argument, options } of formsOf[name].forms) {
        const value = typeof argument === 'object' ? argument[0] : argument === undefined ? undefined : 'x';
        const flags = Object.entries(options ?? {}).map(
          ([option, { value: its }]) => `--${option}${its === undefined ? '' : '=x'}`,
        );
        const typed = [verb ?? [], value ?? [], flags].flat();
        expect(readArguments(name, typed)).toMatchObject({ verb: verb ?? '', argument: value, settings: [] });
      }
    }
  });
});

test.each([
  ['acounts', /^no command "acounts"; did you mean accounts\? Commands: serve, /],
  ['frobnicate', /^no command "frobnicate"\. Commands: serve, /],
])('an unknown command, %s, is told which there are', (name, sentence) => {
  expect(unknownCommand(name)).toMatch(sentence);
});
