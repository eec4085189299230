// The owner of a file or folder must be us or root: another user could change what we do. Windows has no numeric owner: there the
// access list of the folder decides, and nothing is checked here.
import type { Stats } from 'node:fs';
import { UnsafeFile } from '../errors.ts';

/**
 * Throws UnsafeFile unless `stat` is of something that belongs to us or to root. `link` names the link on the way to `path` that
 * was looked at, where it is not `path` itself that matters.
 */
export function requireOurs(path: string, { uid }: Stats, link?: string): void {
  const us = process.geteuid?.();
  if (us === undefined || uid === us || uid === 0) return;
  if (link !== undefined) throw new UnsafeFile(path, `is reached by a link of user ${uid}, who is not us: ${link}`);
  // Root must not take the service's file: it runs the command as the service's user instead.
  const remedy =
    us === 0
      ? `run this as that user: sudo -u '#${uid}' ...`
      : `if you know what it holds, have root run: chown ${us} ${path}`;
  throw new UnsafeFile(path, `belongs to user ${uid}, who is not us; ${remedy}`);
}

/** As chmod takes it: `0640`. */
export const shownMode = (mode: number): string => (mode & 0o777).toString(8).padStart(4, '0');
