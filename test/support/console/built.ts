// The console as a server of a test serves it: built by the same code as for `npm start`, where a test is run without it.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../../..');
let built = false;

/** Builds dist/console if its sources have changed; costs a tenth of a second where they have not. @throws what the build printed */
export function ensureConsoleBuilt(): void {
  if (built) return;
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'start.cjs'), 'console:build'], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`the console was not built:\n${stderr}`);
  built = true;
}
