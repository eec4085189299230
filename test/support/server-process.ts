// A real server in a process of its own, with its data and its key in a folder that is thrown away.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT, type Running, start } from './started.ts';

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

/** What Node.js is given to run `main.ts serve`; port 0 is any free one. */
export const serverCommand = (home: Home, settings: readonly string[] = [], port = 0): readonly string[] => [
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
];

/** Runs it without waiting for it. */
export const spawnServer = (home: Home, settings: readonly string[] = [], port = 0): Running =>
  start(process.execPath, serverCommand(home, settings, port), { cwd: home.tmp, env: { TMPDIR: home.tmp } });

/** Resolves when the server listens; rejects, with what it printed, if it ends first. */
export async function startServer(home: Home, settings: readonly string[] = [], port = 0): Promise<Server> {
  const running = spawnServer(home, settings, port);
  const [, url = ''] = await running.printed(/^listening on (http:\S+)$/m);
  return { ...running, url };
}
