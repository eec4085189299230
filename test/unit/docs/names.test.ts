// What the pages for people name is there: a code, a setting, a route or a command that was renamed would lead them nowhere.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import manifest from '../../../package.json' with { type: 'json' };
import { parseRouteTable } from '../../../src/access/parse-route-table.ts';
import paradex from '../../../src/access/routes/paradex.json' with { type: 'json' };
import { createProgram, optionsOf } from '../../../src/cli/program.ts';
import { settingNames, variableOf } from '../../../src/config/schema.ts';
import { auditActions } from '../../../src/domain/audit-action.ts';
import { errorStatus } from '../../../src/errors.ts';
import { everywhere, forms } from '../../../src/owner/forms.ts';
import { read as readOwners } from '../../../src/owner/reader.ts';
import { isOwners } from '../../../src/owner/run.ts';

const read = (file: string): string => readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8');
const names = [
  'client',
  'give-a-bot-a-key',
  'leaked-key',
  'nginx',
  'rotate',
  'upgrade',
  'deploying',
  'wire',
  'operator',
];
const files = ['README.md', 'SECURITY.md', 'CONTRIBUTING.md', ...names.map((name) => `docs/${name}.md`)];
const pages = files.map((file) => [file, read(file)] as const);

describe.each(pages)('%s', (_file, text) => {
  test('a page for people names only error codes that there are', () => {
    const codes = [...text.matchAll(/`([A-Z]+(?:_[A-Z0-9]+)+)`/g)].map(([, code = '']) => code);
    const other = /^(?:NOT_COUNTERSIGN$|HTTP_|CSIGN_|COUNTERSIGN_|STOP_|PRIVATE_|NODE_|MAIN_KEY|REDUCE_|POST_)/;
    expect(codes.filter((code) => !other.test(code) && !Object.hasOwn(errorStatus, code))).toEqual([]);
  });

  test('a page for people names only settings that there are', () => {
    const variables = new Set(settingNames.map(variableOf));
    const named = [...text.matchAll(/\bCSIGN_[A-Z_]+[A-Z]\b/g)].map(([variable]) => variable);
    expect(named.filter((variable) => !variables.has(variable))).toEqual([]);
    // `data.sent` is a member of an error; a file is no setting, nor is an action of the audit log.
    const groups = new Set(settingNames.filter((name) => name.includes('.')).map(groupOf));
    const settings = [...text.matchAll(/`(?:--)?([a-z_]+\.[a-z_0-9]+)`/g)].map(([, name = '']) => name);
    const known: readonly string[] = [...settingNames, ...Object.keys(auditActions)];
    const file = /\.(?:md|json|token|sock|url|key|ts|service)$|^data\./;
    expect(settings.filter((name) => groups.has(groupOf(name)) && !file.test(name) && !known.includes(name))).toEqual(
      [],
    );
  });

  test('a page for people names only routes that are listed', () => {
    const routes = [...text.matchAll(/\b(GET|POST|PUT|DELETE) (\/[a-z0-9_/{}.-]*[a-z0-9_}]|\/)(?=[`? ])/g)]
      .map(([, method, path]) => `${method} ${path}`)
      .filter((route) => !/ \/(?:operator\/|metrics|x$)/.test(route));
    const listed = new Set(parseRouteTable(paradex).routes.map((route) => route.name));
    expect(routes.filter((route) => !listed.has(route))).toEqual([]);
  });

  test('a page for people names only scripts of npm that there are', () => {
    const scripts = [...text.matchAll(/\bnpm run ([a-z:]+)/g)].map(([, script = '']) => script);
    expect(scripts.filter((script) => !Object.hasOwn(manifest.scripts, script))).toEqual([]);
  });

  test('a page for people shows only commands that there are, with options that they take', () => {
    for (const { typed, whole } of commandsIn(text)) {
      const [name = '', ...rest] = typed.split(/\s+/);
      if (isOwners(name)) {
        requireOwners(typed, whole);
        continue;
      }
      const command = createProgram().commands.find((one) => one.name() === name);
      expect([typed, command?.name()]).toEqual([typed, name]);
      if (command === undefined) continue;
      const verbs = command.commands.map((one) => one.name());
      if (verbs.length > 0 && (whole || rest.length > 0))
        expect([typed, verbs]).toEqual([typed, expect.arrayContaining([rest[0]])]);
      const options = [...optionsOf(command).map((option) => option.name()), ...settingNames, 'data', 'json', 'help'];
      const given = rest.filter((word) => word.startsWith('--')).map((word) => word.slice(2).split('=')[0]);
      expect([typed, given.filter((option) => !options.some((one) => one === option))]).toEqual([typed, []]);
    }
  });
});

test('the pages for people were read: they name what they are about', () => {
  const whole = pages.map(([, text]) => text).join('');
  expect(commandsIn(whole).length).toBeGreaterThan(15);
  expect(whole).toContain('`ORDER_ALREADY_SENT`');
});

/** An owner's command: one that stands on a line of its own can be typed; else it is a form with options that it takes. */
function requireOwners(typed: string, whole: boolean): void {
  const words = typed.split(/\s+/);
  if (whole) expect(() => readOwners(words, 'countersign'), typed).not.toThrow();
  const named = forms.filter((form) => form.words === words[0] || form.words.startsWith(`${words[0]} `));
  const meant =
    named.length === 1
      ? named
      : named.filter((form) => words.length === 1 || form.words === words.slice(0, 2).join(' '));
  expect([typed, meant.length > 0]).toEqual([typed, true]);
  const known = [...meant.flatMap((form) => form.options), ...everywhere].map((option) => `--${option}`);
  const given = words.filter((word) => word.startsWith('--')).map((word) => word.split('=')[0] ?? '');
  expect([typed, given.filter((option) => !known.includes(option))]).toEqual([typed, []]);
}

const groupOf = (name: string): string => name.split('.')[0] ?? '';

interface Command {
  readonly typed: string;
  /** A line of a block, to be typed as it stands; else what stands between backquotes, where a name alone will do. */
  readonly whole: boolean;
}

function commandsIn(text: string): readonly Command[] {
  return [...text.matchAll(/^countersign ([^\n]*)$|`countersign ([^`\n]+)`/gm)]
    .map(([, line, inline]) => ({
      typed: (line ?? inline ?? '').replace(/\s*(?:#|[<>|] ?).*$/, ''),
      whole: line !== undefined,
    }))
    .filter(({ typed }) => typed !== '');
}
