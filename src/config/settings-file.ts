// The text of the settings file, from nobody but its owner: who writes it chooses the venue, the key and the bearers.
import { UnsafeFile } from '../errors.ts';
import { type Guard, readGuarded } from '../files/guarded-file.ts';

/** 10,000 allowlist entries fit several times. */
const MAX_BYTES = 4 * 1024 * 1024;

/** Throws UnsafeFile, and what the system says: ENOENT where there is none. */
export function readSettingsText(path: string, guard: Guard): string {
  const bytes = readGuarded(path, guard, MAX_BYTES);
  if (bytes === 'too_large') throw new UnsafeFile(path, `is larger than ${MAX_BYTES} bytes`);
  return bytes.toString('utf8');
}
