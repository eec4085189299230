// HEAD (RFC 9110 section 9.3.2): wherever GET is ours, on both listeners, decided as GET is and answered with its headers and no body.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseRouteTable } from '../../src/access/parse-route-table.ts';
import paradex from '../../src/access/routes/paradex.json' with { type: 'json' };
import { builtConsole } from '../support/built-console.ts';
import { type RawAnswer, sendRaw } from '../support/raw-http.ts';
import { createToken } from '../support/trader.ts';
import { newOwner, type Owner, startWorld, type World } from '../support/world.ts';

let world: World;
let owner: Owner;
let publicKey: string;
beforeAll(async () => {
  world = await startWorld({ consoleFolder: builtConsole() });
  owner = await newOwner(world);
  publicKey = owner.key.publicKey;
});
afterAll(() => world.stop());

const ask = (port: number, method: string, path: string, bearer?: string): Promise<RawAnswer> => {
  const authorization = bearer === undefined ? '' : `Authorization: Bearer ${bearer}\r\n`;
  return sendRaw(
    port,
    `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/html\r\n${authorization}Connection: close\r\n\r\n`,
  );
};

/** Without what differs between two requests anyway. */
const lasting = ({ status, headers }: RawAnswer) => {
  const moving = ['date', 'countersign-request-id', 'x-ratelimit-remaining', 'x-ratelimit-reset'];
  return {
    status,
    headers: Object.fromEntries([...headers].filter(([name]) => !moving.includes(name))),
    names: [...headers.keys()],
  };
};

async function expectAsGet(port: number, path: string, bearer?: string): Promise<number> {
  const [get, head] = [await ask(port, 'GET', path, bearer), await ask(port, 'HEAD', path, bearer)];
  expect(lasting(head)).toEqual(lasting(get));
  expect(get.body).not.toBe('');
  expect(head.body).toBe('');
  return head.status;
}

const ours = parseRouteTable(paradex).routes.filter(({ method, servedBy }) => method === 'GET' && servedBy === 'us');
const inWords = ours.map(
  ({ name, access, path }) =>
    [
      name,
      access,
      path
        .replace('{public_key}', '0x1')
        .replace('{lookup_id}', 'x-1')
        .replace('/docs/{page}', '/docs/errors.md')
        .replace('{page}/{part}', 'keys/subkeys')
        .replace('{page}', 'activity')
        .replace('{item}', '0x4c1aa')
        .replace('{file}', 'index-AbCd1234.js'),
    ] as const,
);
/** Of what is counted, nothing: each of the two requests would change the numbers. */
const queries: Readonly<Record<string, () => string>> = {
  '/v1/onboarding': () => `?account_signer_type=starknet&public_key=${publicKey}`,
  '/countersign/v1/explain': () => '?request_id=00000000-0000-4000-8000-000000000001',
  '/countersign/v1/usage': () => '?to=2020-01-01',
  '/countersign/v1/addresses': () => '?credential=subkey:999999',
};

describe('on the public listener', () => {
  test.each(inWords)('HEAD answers as %s (%s) does', async (_name, access, path) => {
    const query = queries[path]?.() ?? '';
    const status = await expectAsGet(world.port, `${path}${query}`, access === 'public' ? undefined : owner.session);
    expect(status).toBe(/\/(0x|x-)1$|\/explain$/.test(path) ? 404 : 200);
  });

  test('HEAD is decided upon as GET is: whoever may not read learns no more by it, and whoever may does', async () => {
    const { token } = await createToken(world.url, owner.session, {});
    const elsewhere = await createToken(world.url, owner.session, { allowed_cidrs: ['203.0.113.0/24'] });
    expect(await expectAsGet(world.port, '/countersign/v1/self')).toBe(401);
    expect(await expectAsGet(world.port, '/countersign/v1/self', token)).toBe(200);
    expect(await expectAsGet(world.port, '/v1/account/tokens', token)).toBe(403);
    expect(await expectAsGet(world.port, '/countersign/v1/self', elsewhere.token)).toBe(403);
  });

  test('HEAD reaches neither the venue nor the routes that write', async () => {
    const before = world.service.venue.total();
    for (const [path, allow] of [
      ['/v1/balance', 'GET'],
      ['/v1/markets', 'GET'],
      ['/v1/auth', 'POST'],
      ['/countersign/v1/revoke-all', 'POST'],
    ] as const) {
      const answer = await ask(world.port, 'HEAD', path, owner.session);
      expect([answer.status, answer.headers.get('allow'), answer.body]).toEqual([405, allow, '']);
    }
    expect(world.service.venue.total()).toBe(before);
    expect(await expectAsGet(world.port, '/countersign/v1/self', owner.session)).toBe(200);
  });

  test('a connection can be used again after HEAD, and a body in it is refused as in a GET', async () => {
    const head = 'HEAD /healthz HTTP/1.1\r\nHost: x\r\n';
    const twice = await sendRaw(world.port, `${head}\r\n${head}Connection: close\r\n\r\n`);
    expect(twice.body.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(1);
    expect(twice.body).not.toContain('status');
    expect((await sendRaw(world.port, `${head}Connection: close\r\nContent-Length: 2\r\n\r\n{}`)).status).toBe(400);
  });
});

describe('on the listener of the operator', () => {
  const port = () => Number(new URL(world.service.operatorUrl).port);

  test.each(['/healthz', '/readyz'])(
    'HEAD %s answers as GET does on the listener of the operator, without a bearer',
    async (path) => {
      expect(await expectAsGet(port(), path)).toBe(200);
    },
  );

  test('HEAD /metrics answers as GET does, though its length differs from one reading to the next', async () => {
    const [get, head] = [await ask(port(), 'GET', '/metrics'), await ask(port(), 'HEAD', '/metrics')];
    expect([head.status, head.body, head.headers.get('content-type')]).toEqual([
      200,
      '',
      get.headers.get('content-type'),
    ]);
  });

  test('HEAD of the other operator routes demands the bearer as GET does, and 405 lists HEAD where it is answered', async () => {
    const { operatorToken } = world.service;
    for (const path of [
      '/operator/v1/version',
      '/operator/v1/accounts',
      '/operator/v1/signing-keys',
      '/operator/v1/nothing',
    ]) {
      expect(await expectAsGet(port(), path)).toBe(401);
      expect(await expectAsGet(port(), path, operatorToken)).toBe(path.endsWith('nothing') ? 404 : 200);
    }
    const audit = await ask(port(), 'HEAD', '/operator/v1/audit', operatorToken);
    expect([audit.status, audit.body]).toEqual([200, '']);
    const backup = await ask(port(), 'HEAD', '/operator/v1/backup', operatorToken);
    expect([backup.status, backup.headers.get('allow')]).toEqual([405, 'POST']);
    expect((await ask(port(), 'PUT', '/operator/v1/version', operatorToken)).headers.get('allow')).toBe('GET, HEAD');
  });
});
