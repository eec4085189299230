// What the pages say to type, typed: blocks of their code, and a folder of an owner in which `countersign` is the project's own.
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { temporaryFolder } from './temporary-folder.ts';

export const run = promisify(execFile);

const PROJECT = join(import.meta.dirname, '../..');

export interface CodeBlock {
  readonly language: string;
  readonly code: string;
}

/** The blocks of code below a heading of a page, in its order; `heading` is how it begins. */
export function blocksOf(file: string, heading: string): readonly CodeBlock[] {
  const sections = readFileSync(join(PROJECT, file), 'utf8').split(/^## /m);
  const section = sections.find((one) => one.startsWith(heading)) ?? '';
  return [...section.matchAll(/^```(\w+)\n(.*?)^```/gms)].map(([, language = '', code = '']) => ({ language, code }));
}

/** Removed with the run of the tests. */
export function ownersFolder() {
  const folder = temporaryFolder('owner');
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  // npx is asked for nothing but our own commands.
  const ours = `exec '${process.execPath}' '${join(PROJECT, 'src/main.ts')}' "$@"\n`;
  for (const [name, script] of [
    ['countersign', ours],
    ['npx', `test "$1" = countersign && shift && ${ours}`],
  ] as const) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}`);
    chmodSync(join(bin, name), 0o755);
  }
  return {
    folder,
    /** A file that its owner alone can read. */
    write: (name: string, text: string): void => writeFileSync(join(folder, name), text, { mode: 0o600 }),
    /** What the code prints on standard output. Rejects when a line of it fails. */
    async typed(code: string, variables: Readonly<Record<string, string>> = {}): Promise<string> {
      const { COUNTERSIGN_TOKEN: _, ...inherited } = process.env;
      const own = { PATH: `${bin}:${process.env.PATH}`, HOME: folder, XDG_CONFIG_HOME: join(folder, 'config') };
      const env = { ...inherited, ...own, ...variables };
      const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', code], { cwd: folder, env, timeout: 50_000 });
      return stdout;
    },
    /** What a file of `--out` holds. */
    variablesIn: (file: string): Record<string, string> =>
      Object.fromEntries(
        readFileSync(join(folder, file), 'utf8')
          .trim()
          .split('\n')
          .map((line) => line.split(/=(.*)/, 2)),
      ),
  };
}
