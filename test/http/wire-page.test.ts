// The TypeScript of docs/wire.md as a reader would run it: in a clone, with our client code, against a server that verifies orders.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Service, startService } from '../support/harness.ts';
import {
  call,
  createToken,
  hasher,
  loginHeaders,
  mainSession,
  newWindow,
  onboard,
  starkTrader,
} from '../support/trader.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/wire.md'), 'utf8');
const blocks = [...page.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = '']) => code);

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(async () => {
  await service.stop();
});

const printedBy = async (code: string, env: Record<string, string> = {}): Promise<string> => {
  const { stdout } = await run(process.execPath, ['--input-type=module-typescript', '-e', code], {
    cwd: root,
    env: { ...process.env, COUNTERSIGN: service.url, ...env },
    timeout: 50_000,
  });
  return stdout;
};

test('the 30 lines of the wire page onboard, log in, register a subkey and place an order with it', async () => {
  const [code = ''] = blocks;
  expect(code.trimEnd().split('\n').length).toBeLessThanOrEqual(30);
  expect(await printedBy(code)).toContain("market: 'BTC-USD-PERP'");
});

test('the wallet of the wire page logs in, registers a pending subkey, and another device takes it', async () => {
  expect(await printedBy(blocks[1] ?? '')).toBe('ciphertext\n');
});

test('the last block of the wire page ends everything without a session, also right after a sign-out', async () => {
  expect(blocks).toHaveLength(3);
  const owner = starkTrader();
  await onboard(service.url, owner);
  const session = await mainSession(service.url, owner);
  const { token } = await createToken(service.url, session);
  await call(service.url, 'POST', '/countersign/v1/sign-out-everywhere', { bearer: session });
  expect((await call(service.url, 'GET', '/v1/balance', { bearer: token })).status).toBe(200);
  expect(await printedBy(blocks[2] ?? '', { MAIN_KEY: owner.privateKey })).toMatch(
    /^200 nodes=1; ms=\d+; in_flight=0 /,
  );
  expect((await call(service.url, 'GET', '/v1/balance', { bearer: token })).status).toBe(401);
});

test('the claims that the wire page names are those of a session and of a token, and no other', async () => {
  const owner = starkTrader();
  await onboard(service.url, owner);
  const interactive = await call(service.url, 'POST', '/v1/auth?token_usage=interactive', {
    headers: {
      ...loginHeaders(hasher, owner.key, owner.account, newWindow()),
      'PARADEX-AUTHORIZE-ISOLATED-MARKETS': 'true',
    },
  });
  const session = String(interactive.json.jwt_token);
  const { token } = await createToken(service.url, session);
  const claimsOf = (jwt: string): readonly string[] =>
    Object.keys(JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString()));
  const section = /^## 10\. .*?^## 11\. /ms.exec(page)?.[0] ?? '';
  const named = [...section.matchAll(/^\| ((?:`[a-z_]+`(?:, )?)+) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([a-z_]+)`/g)].map(([, claim]) => claim),
  );
  expect([...named].sort()).toEqual([...new Set([...claimsOf(session), ...claimsOf(token)])].sort());
});
