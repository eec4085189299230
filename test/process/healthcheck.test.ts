// The health check of the container: it finds the server by its data folder, whatever it listens on.
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { certFile, keyFile } from '../support/self-signed.ts';
import { type Home, homeIn, spawnServer } from '../support/server-process.ts';
import { endEverythingStarted, start } from '../support/start-project.ts';
import { PROJECT } from '../support/started.ts';
import { removeFolders, temporaryFolder } from '../support/temporary-folder.ts';

const HEALTHCHECK = join(PROJECT, 'src', 'healthcheck.ts');
let home: Home;
beforeEach(async () => {
  home = homeIn(temporaryFolder('health'));
});
afterEach(endEverythingStarted);
afterAll(removeFolders);

async function check(env: Record<string, string>, ...flags: string[]) {
  const running = start(process.execPath, [HEALTHCHECK, ...flags], { cwd: home.tmp, env });
  const { code } = await running.ended;
  return [code, running.stdout(), running.stderr()];
}
const known = () => ({ CSIGN_DATA_FOLDER: home.data, CSIGN_MASTER_KEY_FILE: home.key });

test.each([
  ['as by default', []],
  ['with TLS', [`--tls.cert=${certFile}`, `--tls.key=${keyFile}`]],
  ['without a socket', ['--operator.socket=off']],
  ['by its socket alone', ['--operator.socket=only']],
  ['on another address', ['--server.host=127.0.0.2']],
])('a server on a port that nobody chose is ready, %s, and not any more once it has ended', async (_how, settings) => {
  expect(await check(known())).toEqual([1, '', '']);
  const server = spawnServer(home, settings);
  await server.printed(/^listening on https?:/m);
  expect(await check(known())).toEqual([0, '', '']);
  expect(await check({}, `--data=${home.data}`)).toEqual([0, '', '']);
  server.signal('SIGKILL');
  await server.ended;
  expect(await check(known())).toEqual([1, '', '']);
});

test('settings that are not accepted, and a folder in which no server is, are not ready', async () => {
  mkdirSync(home.data, { mode: 0o700 });
  expect(await check(known())).toEqual([1, '', '']);
  expect(await check({ ...known(), CSIGN_SERVER_PROT: '1' })).toEqual([1, '', '']);
});

test('a server that answers that it is not ready is not, and one that answers nothing is not waited for', async () => {
  mkdirSync(home.data, { mode: 0o700 });
  let status = 200;
  const server = createServer((request, response) => {
    if (status !== 0 && request.url === '/readyz') response.writeHead(status).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  writeFileSync(join(home.data, 'operator.url'), `http://127.0.0.1:${address.port}\n`, { mode: 0o600 });
  expect(await check(known())).toEqual([0, '', '']);
  for (status of [503, 404, 301, 0]) expect(await check(known()), `status ${status}`).toEqual([1, '', '']);
});
