// Backups of a service that runs in this process, and the service that a restore makes of one.
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Restored, restoreBackup } from '../../src/compose/restore.ts';
import { type LoadedConfig, loadConfig } from '../../src/config/load.ts';
import { type Service, startService } from './harness.ts';
import { temporaryFolder } from './temporary-folder.ts';
import type { World } from './world.ts';

export const askForBackup = ({ operatorUrl, operatorToken }: Service, signal?: AbortSignal): Promise<Response> =>
  fetch(`${operatorUrl}/operator/v1/backup`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${operatorToken}` },
    ...(signal === undefined ? {} : { signal }),
  });

/** The backup as it comes, in a file. */
export async function takeBackup({ service }: Pick<World, 'service'>): Promise<string> {
  const response = await askForBackup(service);
  if (response.status !== 200) throw new Error(`backup: ${response.status} ${await response.text()}`);
  const file = join(temporaryFolder(), 'a.backup');
  writeFileSync(file, Buffer.from(await response.arrayBuffer()));
  return file;
}

/** Settings of a restore into `folder`/data, with the master key in the same place as startService has it. */
export const settingsFor = (folder: string, more: readonly string[] = []): LoadedConfig =>
  loadConfig({
    argv: [`--data=${join(folder, 'data')}`, `--master_key.file=${join(folder, 'master.key')}`, ...more],
    env: {},
    cwd: folder,
    readFile: () => {
      throw Object.assign(new Error('none'), { code: 'ENOENT' });
    },
  });

/** A folder with the master key of this service and nothing else. */
export function folderWithKeyOf({ folder }: Service): string {
  const restored = temporaryFolder();
  copyFileSync(join(folder, 'master.key'), join(restored, 'master.key'));
  return restored;
}

export interface RestoredWorld extends World {
  readonly restored: Restored;
}

/** Another service, on what a restore makes of the backup at the time of `world`. */
export async function restoreWorld(
  world: World,
  backup: string,
  { keepCredentials = false, settings = {} }: { keepCredentials?: boolean; settings?: Record<string, string> } = {},
): Promise<RestoredWorld> {
  const folder = folderWithKeyOf(world.service);
  const restored = await restoreBackup(settingsFor(folder), backup, { keepCredentials }, world.clock.time);
  const service = await startService({ folder, time: world.clock.time, settings });
  return { service, url: service.url, port: service.port, clock: world.clock, stop: () => service.stop(), restored };
}
