// A real server in a process of its own, with its data and its key in a folder that is thrown away.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT, type Running, start } from '../support/started.ts';

export const MAIN = join(PROJECT, 'src', 'main.ts');

/** Folders of one installation; `tmp` is where the server finds the system's temporary files. */
export interface Home {
  readonly data: string;
  readonly key: string;
  readonly tmp: string;
}

export function homeIn(folder: string): Home {
  const tmp = join(folder, 't');
  mkdirSync(tmp, { recursive: true });
  return { data: join(folder, 'data'), key: join(folder, 'master.key'), tmp };
}

export interface Server extends Running {
  /** `http://127.0.0.1:port`. */
  readonly url: string;
}

/** Runs `main.ts serve` without waiting for it; port 0 is any free one. */
export const spawnServer = (home: Home, settings: readonly string[] = [], port = 0): Running =>
  start(
    process.execPath,
    [
      MAIN,
      'serve',
      '--port',
      String(port),
      '--data',
      home.data,
      '--master_key.file',
      home.key,
      '--rate-limit',
      'off',
      ...settings,
    ],
    { cwd: home.tmp, env: { TMPDIR: home.tmp } },
  );

/** Resolves when the server listens; rejects, with what it printed, if it ends first. */
export async function startServer(home: Home, settings: readonly string[] = []): Promise<Server> {
  const running = spawnServer(home, settings);
  const [, url = ''] = await running.printed(/^listening on (http:\S+)$/m);
  return { ...running, url };
}
