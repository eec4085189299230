// Disks that are full: a limit on the size of files, which fails writes with EFBIG, and a small disk in memory, which fails them with
// ENOSPC. Each needs a program that may be missing, or forbidden: tests say so where they are left out.
import { spawnSync } from 'node:child_process';
import { rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';

export interface Disk {
  /** Again: what was freed since is taken, too. */
  fill(): void;
  free(): void;
}

const LINUX = process.platform === 'linux';
const succeeds = (program: string, ...args: string[]): boolean => spawnSync(program, args).status === 0;

export const canLimit = LINUX && succeeds('prlimit', '--version');
/** The user of the tests may make a namespace and mount a disk of memory in it. */
export const canMount = LINUX && succeeds('unshare', '-rm', 'sh', '-c', 'mount -t tmpfs tmpfs /mnt');

/** No file of this process may grow beyond the log of its database: every write of the database fails, as on a full disk. */
export function limitOf(pid: number, log: string): Disk {
  const set = (bytes: string) => expect(succeeds('prlimit', `--pid=${pid}`, `--fsize=${bytes}:`)).toBe(true);
  return { fill: () => set(String(statSync(log).size)), free: () => set('unlimited') };
}

/** What starts a program for which `folder` is a disk of its own, of 8 MiB. The folder must be there. */
export const onSmallDisk = (folder: string, command: readonly string[]): readonly [string, string[]] => [
  'unshare',
  ['-rm', 'sh', '-c', 'mount -t tmpfs -o size=8m,mode=0700 tmpfs "$0" && exec "$@"', folder, ...command],
];

/** The folder as that program sees it. */
export const seenBy = (pid: number, folder: string): string => join('/proc', String(pid), 'root', folder);

/** Its disk, which is filled to its last byte. */
export function smallDiskOf(pid: number, folder: string): Disk {
  const file = join(seenBy(pid, folder), 'large');
  const block = Buffer.alloc(4096, 1);
  return {
    fill() {
      expect(() => {
        for (;;) writeFileSync(file, block, { flag: 'a' });
      }).toThrow(/ENOSPC/);
    },
    free: () => rmSync(file),
  };
}
