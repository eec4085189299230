// A server for the demo alone: the built-in venue, a free loopback port, and a temporary folder that is removed with it. It reads no
// environment and no settings file: a demo must never reach a real venue or real data.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startApp } from '../../app.ts';
import { loadConfig } from '../../config/load.ts';

export interface OwnServer {
  readonly url: string;
  /** Stops it and removes its folder. */
  stop(): Promise<void>;
}

export async function startOwnServer(): Promise<OwnServer> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-demo-'));
  const removeFolder = () => rmSync(folder, { recursive: true, force: true });
  try {
    const settings = [
      '--port=0',
      `--data=${join(folder, 'data')}`,
      `--master_key.file=${join(folder, 'master.key')}`,
      '--log.level=silent',
    ];
    const noFile = () => {
      throw Object.assign(new Error('no settings file'), { code: 'ENOENT' });
    };
    const app = await startApp(loadConfig({ argv: settings, env: {}, cwd: folder, readFile: noFile }));
    return {
      url: app.url,
      async stop() {
        try {
          await app.stop();
        } finally {
          removeFolder();
        }
      },
    };
  } catch (error) {
    removeFolder();
    throw error;
  }
}
