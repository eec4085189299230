// Which code recovers wallet keys, in a real server with and without the prebuilt binary, and what is never loaded for it.
import { afterAll, afterEach, expect, test } from 'vitest';
import { hasBinary } from '../support/recoveries.ts';
import { homeIn, MAIN } from '../support/server-process.ts';
import { endEverythingStarted, start } from '../support/start-project.ts';
import { removeFolders, temporaryFolder } from '../support/temporary-folder.ts';
import { call, onboardWallet, walletSession, walletTrader } from '../support/trader.ts';

afterEach(endEverythingStarted);
afterAll(removeFolders);

/** Prints, as the process ends, every CommonJS module it ever loaded. */
const PRINT_MODULES = `data:text/javascript,${encodeURIComponent(`
  import { writeSync } from 'node:fs';
  import { createRequire } from 'node:module';
  process.on('exit', () => writeSync(1, 'modules ' + JSON.stringify(Object.keys(createRequire('/x').cache)) + '\\n'));
`)}`;

/** Serves one wallet; returns the log line about recovery and the modules that were loaded. */
async function serveWallet(env: Record<string, string>): Promise<{ said: string; modules: readonly string[] }> {
  const home = homeIn(temporaryFolder('recovery'));
  const flags = ['--port', '0', '--data', home.data, '--master_key.file', home.key, '--rate-limit', 'off'];
  const server = start(process.execPath, [`--import=${PRINT_MODULES}`, MAIN, 'serve', ...flags], {
    cwd: home.tmp,
    env: { TMPDIR: home.tmp, ...env },
  });
  const [said] = await server.printed(/^\{.*"event":"wallet_recovery".*\}$/m);
  const [, url = ''] = await server.printed(/^listening on (http:\S+)$/m);
  const owner = walletTrader();
  await onboardWallet(url, owner);
  const bearer = await walletSession(url, owner);
  expect((await call(url, 'GET', '/v1/account/tokens', { bearer })).status).toBe(200);
  server.signal('SIGTERM');
  const [, modules = ''] = await server.printed(/^modules (\[.*\])$/m);
  return { said, modules: JSON.parse(modules) };
}

const named = (modules: readonly string[], part: string) => modules.filter((file) => file.includes(part));

test.skipIf(!hasBinary)(
  'with the binary, wallets are recovered natively, and the other curve library is not loaded',
  async () => {
    const { said, modules } = await serveWallet({});
    expect(JSON.parse(said)).toMatchObject({ level: 30, walletRecovery: 'native' });
    expect(named(modules, '/node_modules/secp256k1/bindings.js')).toHaveLength(1);
    expect(named(modules, '/node_modules/secp256k1/lib/index.js')).toHaveLength(1);
    expect(named(modules, 'elliptic')).toEqual([]);
  },
);

test('without the native binary wallets sign in all the same, the log says why, and the other curve library is not loaded', async () => {
  const empty = temporaryFolder('no-binary');
  // Where node-gyp-build looks for the binary.
  const { said, modules } = await serveWallet({ SECP256K1_PREBUILD: empty });
  expect(JSON.parse(said)).toMatchObject({
    level: 40,
    walletRecovery: 'javascript',
    reason: expect.stringMatching(/^No native build was found for platform=\S+ arch=\S+/),
  });
  expect(named(modules, 'elliptic')).toEqual([]);
});
