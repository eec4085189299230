// The configuration of docs/nginx.md in a real nginx, in front of a real server.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Service, startService } from '../support/harness.ts';
import { freePort, isNginxHere, nginxNeeded, over, startNginx } from '../support/nginx.ts';
import { createToken, mainSession, onboard, starkTrader } from '../support/trader.ts';

/** Not the address that nginx itself calls from. */
const CLIENT = '127.0.0.5';

describe.skipIf(!isNginxHere)(`behind nginx${nginxNeeded}`, () => {
  let service: Service;
  let nginx: ChildProcess | undefined;
  let port: number;
  let session: string;
  beforeAll(async () => {
    service = await startService({ settings: { 'proxy.trusted': '127.0.0.1' } });
    port = await freePort();
    nginx = await startNginx(port, Number(new URL(service.url).port));
    const owner = starkTrader();
    await onboard(service.url, owner);
    session = await mainSession(service.url, owner);
  });
  afterAll(async () => {
    if (nginx !== undefined) {
      const ended = once(nginx, 'exit');
      nginx.kill('SIGTERM');
      await ended;
    }
    await service.stop();
  });

  const ask = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    over({ port, path, headers, method, from: CLIENT });

  test('the client is seen by its own address, whatever it writes into X-Forwarded-For', async () => {
    for (const forged of [{}, { 'X-Forwarded-For': '203.0.113.9' }, { 'X-Forwarded-For': '127.0.0.1, 203.0.113.9' }]) {
      const { status, body } = await ask('/countersign/v1/self', { Authorization: `Bearer ${session}`, ...forged });
      expect([status, JSON.parse(body).client_ip]).toEqual([200, CLIENT]);
    }
  });

  test('an allowlist holds for it', async () => {
    const { token } = await createToken(service.url, session, { name: 'here', allowed_cidrs: [CLIENT] });
    const other = await createToken(service.url, session, { name: 'elsewhere', allowed_cidrs: ['203.0.113.9'] });
    expect((await ask('/v1/balance', { Authorization: `Bearer ${token}` })).status).toBe(200);
    expect((await ask('/v1/balance', { Authorization: `Bearer ${other.token}` })).status).toBe(403);
  });

  test('a path arrives as it was asked for, so that one with two readings is refused', async () => {
    expect((await ask('/v1/markets')).status).toBe(200);
    for (const path of ['//v1/markets', '/v1/%6darkets', '/v1/x/../markets', '/v1//markets'])
      expect([path, (await ask(path)).status]).toEqual([path, 404]);
  });

  test('errors are those of the API', async () => {
    const { status, headers, body } = await ask('/v1/orders', {}, 'DELETE');
    expect([status, JSON.parse(body).error]).toEqual([401, 'UNAUTHORIZED_ERROR']);
    expect(headers['countersign-request-id']).toMatch(/./);
  });
});
