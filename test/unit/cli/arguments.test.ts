import { describe, expect, test } from 'vitest';
import { shownBytes, shownTime, table } from '../../../src/cli/output.ts';
import { createProgram, leavesOf, optionsOf, pathOf, type Typed, typedIn } from '../../../src/cli/program.ts';
import { UsageError } from '../../../src/cli/usage.ts';
import { jsonText, printable } from '../../../src/owner/printable.ts';

/** What a command is given for a line. Runs none. Throws UsageError. */
async function typedFor(words: readonly string[]): Promise<Typed> {
  let typed: Typed | undefined;
  const program = createProgram();
  for (const command of leavesOf(program)) {
    command.action(() => {
      typed = typedIn(command);
    });
  }
  await program.parseAsync(words, { from: 'user' });
  if (typed === undefined) throw new Error(`${words.join(' ')} is no command`);
  return typed;
}

async function split(line: string) {
  const { verb, argument, json, options, switches, settings } = await typedFor(line.split(' '));
  const shown = { options: Object.fromEntries(options), switches: [...switches], settings: settings.argv };
  return { verb, argument, json, ...shown };
}

const nothing = { argument: undefined, json: false, options: {}, switches: [], settings: [] };

test('words of a command line come first, options in any order after them, and the rest are settings', async () => {
  expect(await split('accounts list --json --data ./x --limit=2 --cursor 2026')).toEqual({
    ...nothing,
    verb: 'list',
    json: true,
    options: { limit: '2', cursor: '2026' },
    settings: ['--data', './x'],
  });
  expect(await split('accounts show 0x1')).toEqual({ ...nothing, verb: 'show', argument: '0x1' });
  expect(await split('doctor')).toEqual({ ...nothing, verb: '' });
});

test('options that a command does not know are left to the settings, which refuse them', async () => {
  expect((await split('doctor --jsn list --accounts=1')).settings).toEqual(['--jsn', 'list', '--accounts=1']);
  expect((await typedFor(['audit', 'export'])).settings.options).toEqual(expect.arrayContaining(['account', 'help']));
});

test('an option without a value takes none, and one with a value takes the next word', async () => {
  const { argument, switches, settings } = await split('restore a --keep-credentials --data=x');
  expect([argument, switches, settings]).toEqual(['a', ['keep-credentials'], ['--data=x']]);
  expect(await split('restore a --keep-credentials=false')).toMatchObject({
    switches: [],
    settings: ['--keep-credentials=false'],
  });
});

test.each(['--', '-', ''])('a kid on a command line may begin with dashes: %j', async (dashes) => {
  const kid = dashes.padEnd(43, 'a');
  expect(await split(`signing-keys retire ${kid} --json`)).toMatchObject({ argument: kid, json: true, settings: [] });
});

test('an option that lacks its value, or has two, is refused', async () => {
  await expect(split('audit export --account')).rejects.toThrow(UsageError);
  await expect(split('audit export --to=1 --to=2')).rejects.toThrow(UsageError);
});

test('text from the store that is printed cannot move the cursor or turn the direction of the line', () => {
  const name = 'a\u001b[2Jb\nc\u202ed\u0085';
  expect(printable(name)).toBe('a\\u{1b}[2Jb\\u{a}c\\u{202e}d\\u{85}');
  expect(table([['NAME'], [name]]).split('\n')).toHaveLength(3);
});

test('columns of a printed table are as wide as their widest cell', () => {
  expect(
    table([
      ['A', 'LONG', 'C'],
      ['wide cell', 'x', ''],
    ]),
  ).toBe('A          LONG  C\nwide cell  x\n');
  expect(table([])).toBe('');
});

test('a printed time has seconds, and no time is a dash', () => {
  expect(shownTime(1_800_000_000_123_456_800)).toBe('2027-01-15T08:00:00Z');
  for (const none of [0, undefined, null, 'x']) expect(shownTime(none)).toBe('-');
});

test('an integer in JSON output has every digit, and the rest is as JSON has it', () => {
  const value = {
    at: 1_800_000_000_123_456_789n,
    text: 'a"b',
    none: null,
    left: undefined,
    list: [1n, true, { x: 'y' }],
  };
  expect(jsonText(value)).toBe('{"at":1800000000123456789,"text":"a\\"b","none":null,"list":[1,true,{"x":"y"}]}');
});

test('printed sizes are in the unit that fits', () => {
  expect([0, 1023, 1024, 1536, 5 * 1024 ** 3].map(shownBytes)).toEqual([
    '0 bytes',
    '1023 bytes',
    '1.0 KiB',
    '1.5 KiB',
    '5.0 GiB',
  ]);
});

describe('what was typed wrongly is named, with what was expected', () => {
  const refusal = async (line: string): Promise<string> => {
    const error = await typedFor(line.split(' ')).catch((thrown: unknown) => thrown);
    if (error instanceof UsageError) return `${error.command}: ${error.message}`;
    throw new Error(`${line} was accepted`, { cause: error });
  };

  test.each([
    ['accounts', 'accounts: a verb is missing: list, show, lock, unlock; see countersign help accounts'],
    ['accounts --json', 'accounts: a verb is missing: list, show, lock, unlock; see countersign help accounts'],
    ['accounts lokc 0x1', "accounts: unknown command 'lokc' (Did you mean lock?); see countersign help accounts"],
    ['accounts frobnicate', "accounts: unknown command 'frobnicate'; see countersign help accounts"],
    ['accounts lock', "accounts lock: missing required argument 'account'; see countersign help accounts lock"],
    [
      'accounts lock 0x1 0x2',
      "accounts lock: too many arguments for 'lock'. Expected 1 argument but got 2; see countersign help accounts lock",
    ],
    [
      'accounts list 0x1',
      "accounts list: too many arguments for 'list'. Expected 0 arguments but got 1; see countersign help accounts list",
    ],
    [
      'accounts lock 0x1 --limit=3',
      'accounts lock: --limit is not expected, only with accounts list; see countersign help accounts lock',
    ],
    [
      'signing-keys rotate',
      "signing-keys rotate: missing required argument 'use'; see countersign help signing-keys rotate",
    ],
    [
      'signing-keys rotate tokne',
      "signing-keys rotate: command-argument value 'tokne' is invalid for argument 'use'. Allowed choices are session, token, terminal; see countersign help signing-keys rotate",
    ],
    [
      'signing-keys list --yes',
      'signing-keys list: --yes is not expected, only with signing-keys retire; see countersign help signing-keys list',
    ],
    ['backup', "backup: missing required argument 'file or folder'; see countersign help backup"],
    ['restore --data=x', "restore: missing required argument 'backup'; see countersign help restore"],
    [
      'doctor now',
      "doctor: too many arguments for 'doctor'. Expected 0 arguments but got 1; see countersign help doctor",
    ],
    ['version --port=1', "version: unknown option '--port'; see countersign help version"],
    ['acounts', ": unknown command 'acounts' (Did you mean accounts?); see countersign help"],
    ['frobnicate', ": unknown command 'frobnicate'; see countersign help"],
    ['--port=1', ': a command is missing; see countersign help'],
  ])(
    'the wrong command line "%s" is answered with what is wrong in it, and what was expected',
    async (line, sentence) => {
      expect(await refusal(line)).toBe(sentence);
    },
  );

  test('a refused command line repeats no bearer that was pasted in two words, and no secret behind an unknown option', async () => {
    expect(await refusal('credentials find Bearer eyJhbGciOi')).not.toContain('eyJ');
    expect(await refusal('version --upstream.secret=abc')).not.toContain('abc');
  });

  test('a refused command line cannot move the cursor by what was typed', async () => {
    expect(await refusal('acc\u001b[2Jounts')).toContain("'acc\\u{1b}[2Jounts'");
  });

  test('every form of every command is accepted as its help writes it', async () => {
    for (const command of leavesOf(createProgram())) {
      const words = command.registeredArguments.map(({ argChoices }) => argChoices?.[0] ?? 'x');
      const flags = optionsOf(command).map((option) => (option.required ? `${option.long}=x` : `${option.long}`));
      const typed = await typedFor([...pathOf(command).split(' '), ...words, ...flags]);
      expect(typed.argument).toBe(words[0]);
      expect(typed.settings.argv).toEqual([]);
      expect([...typed.options.keys(), ...typed.switches, ...(typed.json ? ['json'] : [])].sort()).toEqual(
        optionsOf(command)
          .map((option) => option.name())
          .sort(),
      );
    }
  });
});
