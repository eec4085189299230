// Tells whether the server of this container is ready: exit code 0 or 1. The server's own address file in the data folder says where
// to ask, so no port and no certificate is configured twice. It runs every few seconds: it loads no command of main.ts.
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { loadConfig } from './config/load.ts';
import { readSettingsText } from './config/settings-file.ts';
import { OPERATOR_ADDRESS_FILE, readOperatorAddress } from './operator/address-file.ts';
import { findOperatorSocket } from './operator/socket-file.ts';

const ANSWER_MS = 2_000;

/** The flags behind `serve` of the container's first process. They beat the environment, which is the same here. */
function flagsOfServer(): readonly string[] {
  const [, ...argv] = readFileSync('/proc/1/cmdline', 'utf8').split('\0').slice(0, -1);
  const serve = argv.indexOf('serve');
  return serve === -1 ? [] : argv.slice(serve + 1);
}

function readyz(folder: string): Promise<boolean> {
  const socketPath = findOperatorSocket(folder);
  const url = readOperatorAddress(join(folder, OPERATOR_ADDRESS_FILE));
  if (socketPath === undefined && url === undefined) return Promise.resolve(false);
  return new Promise((resolve) => {
    const asked = request(`${socketPath === undefined ? url : 'http://localhost'}/readyz`, {
      ...(socketPath === undefined ? {} : { socketPath }),
      signal: AbortSignal.timeout(ANSWER_MS),
      agent: false,
    });
    asked.once('response', ({ statusCode }) => resolve(statusCode === 200));
    asked.once('error', () => resolve(false));
    asked.end();
  });
}

async function isReady(argv: readonly string[]): Promise<boolean> {
  try {
    const given = argv.length > 0 ? argv : flagsOfServer();
    const surroundings = { argv: given, env: process.env, cwd: process.cwd(), readFile: readSettingsText };
    return await readyz(loadConfig(surroundings).config['data.folder']);
  } catch {
    return false;
  }
}

const ready = await isReady(process.argv.slice(2));
// Do not call process.exit: it would cut the answer that is still being read.
process.exitCode = ready ? 0 : 1;
