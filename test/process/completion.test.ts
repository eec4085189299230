// The completion, typed in the shells that it is for.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { noTerminal, type Person, personIn } from '../support/owner-commands.ts';
import { answering } from '../support/owner-in-process.ts';
import { MAIN } from '../support/server-process.ts';
import { removeFolders, temporaryFolder } from '../support/temporary-folder.ts';
import { type ToldServer, toldServer } from '../support/told-server.ts';

let server: ToldServer;
let owner: Person;
let env: Record<string, string>;
beforeAll(async () => {
  server = await toldServer();
  owner = personIn(temporaryFolder('owner'));
  const token = (at: number, name: string) => ({
    token_id: `tok_${at}`,
    lookup_id: `6f1c8b0e-0000-4000-8000-00000000000${at}`,
    name,
    expiry_at: 4e18,
    revoked_at: 0,
  });
  const results = [token(1, 'dashboard'), token(2, '$(touch owned)'), token(3, 'two words')];
  server.answer(
    answering({
      'GET /v1/account/tokens': { results, next: null },
      'GET /v1/account/keys/subkeys': {
        results: [{ id: 42, public_key: '0x7', name: 'mm', state: 'active' }],
        next: null,
      },
    }),
  );
  const bin = join(owner.home, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'countersign'), `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`);
  chmodSync(join(bin, 'countersign'), 0o755);
  writeFileSync(join(owner.desk, 'secret.env'), '');
  writeFileSync(
    join(owner.home, '.zshrc'),
    `PROMPT='READY> '\nautoload -Uz compinit && compinit -u -D\nsource <(countersign completion zsh)\n`,
  );
  writeFileSync(join(owner.home, 'bashrc'), `PS1='READY> '\nsource <(countersign completion bash)\n`);
  env = {
    PATH: `${bin}:${process.env.PATH}`,
    ZDOTDIR: owner.home,
    COUNTERSIGN_URL: server.url,
    COUNTERSIGN_TOKEN: 'a.b.c',
    TERM: 'dumb',
  };
});
afterAll(async () => {
  await server.close();
  await removeFolders();
});

const shells = { bash: ['bash', '--rcfile', 'RC', '-i'], zsh: ['zsh', '-i'] } as const;

describe.each(['bash', 'zsh'] as const)('%s', (name) => {
  const isThere = spawnSync(name, ['-c', 'exit 0']).status === 0;
  const why = noTerminal ?? (isThere ? undefined : `there is no ${name}`);
  const lines = [
    ['tok', 'tokens '],
    ['tokens rena', 'tokens rename '],
    ['activity --wh', 'activity --what '],
    ['activity --what ref', '--what refused '],
    ['tokens revoke da', 'tokens revoke dashboard '],
    // Names that a shell would read as more than a word are offered by their ids.
    ['tokens revoke 6f1c8b0e-0000-4000-8000-000000000002', '000000000002 '],
    ['tokens create x --out sec', '--out secret.env '],
    ['activity --key sub', '--key subkey:42 '],
    ['activity --key subkey:', '--key subkey:42 '],
  ] as const;

  test.skipIf(why !== undefined)(
    `in ${name} a tab completes commands, options, their values, names of keys and files${why === undefined ? '' : `: left out, ${why}`}`,
    async () => {
      const shell = shells[name].map((word) => word.replace('RC', join(owner.home, 'bashrc')));
      // ^U empties the line.
      const steps = [...lines, ['', '']].map(([line = '', _], at) => ({
        await: lines[at - 1]?.[1] ?? 'READY> ',
        type: at === lines.length ? '\u0015exit\r' : `\u0015countersign ${line}\t`,
      }));
      const { missed, screen } = await owner.type([], steps, { env, shell });
      expect({ missed, screen: missed.length === 0 ? '' : screen }).toEqual({ missed: [], screen: '' });
      expect(existsSync(join(owner.desk, 'owned'))).toBe(false);
    },
  );
});
