// Every temporary file of a run of the tests lives in one folder, which goes when the run ends, however its tests ended.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export default function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'csign-'));
  process.env.TMPDIR = folder;
  // The server refuses a folder that a group may write in, and with some umasks tests would make such ones.
  process.umask(0o022);
  return () => rmSync(folder, { recursive: true, force: true });
}
