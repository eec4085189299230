// Folders that are thrown away. All of a run of the tests lie in one, which goes when the run ends, however its tests ended.
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export default function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'csign-'));
  process.env.TMPDIR = folder;
  // The server refuses a folder that a group may write in, and with some umasks tests would make such ones.
  process.umask(0o022);
  return () => rmSync(folder, { recursive: true, force: true });
}

const made = new Set<string>();
// Programs such as test/fuzz run outside of vitest: nobody else removes their folders.
process.once('exit', () => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true });
});

/** An empty folder, without symbolic links in its path. The process's exit removes it. */
export function temporaryFolder(name = 'test'): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), `countersign-${name}-`)));
  made.add(folder);
  return folder;
}

/** For afterAll, where folders are large: an install takes hundreds of megabytes. */
export async function removeFolders(): Promise<void> {
  for (const folder of made) await rm(folder, { recursive: true, force: true });
  made.clear();
}
