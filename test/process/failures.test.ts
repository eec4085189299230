// A real server whose disk is full, whose database somebody else holds, whose files are not what they were: what it refuses, what it
// says, and that a revocation it cannot write denies all the same. A second server, a wrong master key: serve.test.ts. Damaged rows and
// clocks: test/http/failures.test.ts.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createStarkKey, randomStarkPrivateKey } from '../../src/client/stark-key.ts';
import { unixSeconds } from '../../src/domain/time.ts';
import { activationHash } from '../../src/starknet/message.ts';
import { curve } from '../support/curve.ts';
import { canLimit, canMount, type Disk, limitOf, onSmallDisk, smallDiskOf } from '../support/full-disk.ts';
import { type Home, homeIn, MAIN, type Server, spawnServer, startServer } from '../support/server-process.ts';
import { endEverythingStarted, start } from '../support/start-project.ts';
import { removeFolders, temporaryFolder } from '../support/temporary-folder.ts';
import {
  type Answer,
  type CreatedToken,
  call,
  createToken,
  mainSession,
  newWindow,
  onboard,
  registerSubkey,
  registrationProof,
  starkTrader,
  subkeySession,
} from '../support/trader.ts';

const owner = starkTrader();
let home: Home;
beforeEach(async () => {
  home = homeIn(temporaryFolder('failures'));
});
afterEach(endEverythingStarted);
afterAll(removeFolders);

const databaseOf = ({ data }: Home): string => join(data, 'countersign.db');

async function stop(server: Server): Promise<void> {
  server.signal('SIGTERM');
  expect(await server.ended).toEqual({ code: 0, signal: null });
}

/** `alive`, or how the bearer is refused, by our own API and by the gateway alike. */
async function stateOf({ url }: Server, bearer: string): Promise<string> {
  const answers = await Promise.all(
    ['/countersign/v1/self', '/v1/balance'].map((path) => call(url, 'GET', path, { bearer })),
  );
  const [ours, forwarded] = answers.map(({ status, json }) => (status === 200 ? 'alive' : `${status} ${json?.error}`));
  expect(forwarded).toBe(ours);
  return String(ours);
}
const SUBKEYS = '/v1/account/keys/subkeys';
const REVOKED = '401 UNAUTHORIZED_ERROR';

const revokeToken = ({ url }: Server, bearer: string, { lookupId }: CreatedToken) =>
  call(url, 'DELETE', `/v1/account/tokens/${lookupId}`, { bearer });

function expectUnwritten(answer: Answer): void {
  expect(`${answer.status} ${answer.json?.error}`, answer.text).toBe('503 SERVICE_UNAVAILABLE');
  expect(answer.headers.get('Retry-After')).toBe('1');
  // What the database said is for the log, never for a caller.
  expect(answer.text).not.toMatch(/disk|locked|sqlite|database/i);
}

/** The server's data lie on a disk of their own. */
async function startOnSmallDisk(): Promise<{ server: Server; disk: Disk }> {
  mkdirSync(home.data);
  const serve = [process.execPath, MAIN, 'serve', '--port=0', `--data=${home.data}`, `--master_key.file=${home.key}`];
  const [program, args] = onSmallDisk(home.data, [...serve, '--rate-limit=off']);
  const running = start(program, args, { cwd: home.tmp, env: { TMPDIR: home.tmp } });
  const [, url = ''] = await running.printed(/^listening on (http:\S+)$/m);
  return { server: { ...running, url }, disk: smallDiskOf(running.pid, home.data) };
}

/** A pending subkey, and what its phone sends to activate it. */
async function addPending(url: string, session: string) {
  const [{ publicKey }, phone] = [createStarkKey(randomStarkPrivateKey()), createStarkKey(randomStarkPrivateKey())];
  const proof = registrationProof(curve, owner.key, owner.account, publicKey, newWindow());
  const pending = { state: 'pending', encrypted_key: 'for the phone', eph_public_key: phone.publicKey };
  const body = { name: 'phone', public_key: publicKey, ...pending, ...proof };
  expect((await call(url, 'POST', SUBKEYS, { bearer: session, body })).status).toBe(201);
  const activation = () => {
    const timestamp = unixSeconds(Date.now() / 1000);
    const signature = phone.sign(activationHash(curve, timestamp, phone.publicKey) ?? 0n);
    return { account_id: owner.account, public_key: publicKey, timestamp, signature };
  };
  return { publicKey, activation };
}

async function aFullDisk(server: Server, disk: Disk) {
  const { url } = server;
  await onboard(url, owner);
  const session = await mainSession(url, owner);
  const revoked = await createToken(url, session);
  const kept = await createToken(url, session);
  const subkey = await registerSubkey(url, owner, session);
  const ofSubkey = await subkeySession(url, owner.account, subkey);
  const subkeyPath = `${SUBKEYS}/${subkey.publicKey}`;
  const pending = await addPending(url, session);
  const pendingPath = `${SUBKEYS}/${pending.publicKey}`;

  disk.fill();
  expectUnwritten(await call(url, 'POST', '/v1/account/tokens', { bearer: session, body: {} }));
  expectUnwritten(await revokeToken(server, session, revoked));
  expect(await stateOf(server, revoked.token)).toBe(REVOKED);
  expectUnwritten(await call(url, 'DELETE', subkeyPath, { bearer: session }));
  expect(await stateOf(server, ofSubkey)).toBe(REVOKED);
  await expect(subkeySession(url, owner.account, subkey)).rejects.toThrow('401 {"error":"INVALID_SUBKEY"');
  expectUnwritten(await call(url, 'DELETE', pendingPath, { bearer: session }));
  const stranger = starkTrader();
  await expect(onboard(url, stranger)).rejects.toThrow('503');
  await expect(mainSession(url, stranger)).rejects.toThrow('NOT_ONBOARDED');
  // What needs no write goes on.
  expect(await stateOf(server, kept.token)).toBe('alive');
  expect((await call(url, 'GET', '/readyz')).status).toBe(200);
  await server.printed(/"event":"change_not_written".*(disk I\/O error|database or disk is full)/);

  disk.free();
  expect(await stateOf(server, revoked.token)).toBe(REVOKED);
  const activated = await call(url, 'POST', `${SUBKEYS}/activate`, { body: pending.activation() });
  expect(`${activated.status} ${activated.json?.error}`, activated.text).toBe('400 SUBKEY_NOT_ACTIVATABLE');
  await expect(subkeySession(url, owner.account, subkey)).rejects.toThrow('401 {"error":"INVALID_SUBKEY"');
  await onboard(url, stranger);
  expect((await revokeToken(server, session, revoked)).status).toBe(200);
  for (const path of [subkeyPath, pendingPath]) {
    expect((await call(url, 'DELETE', path, { bearer: session })).status).toBe(200);
  }
  const made = await createToken(url, session);
  return { dead: [revoked.token, ofSubkey], alive: [kept.token, made.token, session] };
}

describe('a full disk', () => {
  test.skipIf(!canLimit)(
    'a full disk fails what must be written and denies what was revoked; nothing acknowledged is lost (needs prlimit)',
    async () => {
      const server = await startServer(home);
      const { dead, alive } = await aFullDisk(server, limitOf(server.pid, `${databaseOf(home)}-wal`));
      await stop(server);
      const again = await startServer(home);
      for (const bearer of dead) expect(await stateOf(again, bearer)).toBe(REVOKED);
      for (const bearer of alive) expect(await stateOf(again, bearer)).toBe('alive');
      await stop(again);
    },
  );

  test.skipIf(!canMount)(
    'a disk without a byte left refuses writes and not reads, and denies what was revoked (needs unshare and tmpfs)',
    async () => {
      const { server, disk } = await startOnSmallDisk();
      const { dead, alive } = await aFullDisk(server, disk);
      for (const bearer of dead) expect(await stateOf(server, bearer)).toBe(REVOKED);
      for (const bearer of alive) expect(await stateOf(server, bearer)).toBe('alive');
      await stop(server);
    },
  );
});

describe('a database that another program', () => {
  test('a database that another program is writing to refuses writes and not reads, denies what was revoked, and writes again afterwards', async () => {
    const server = await startServer(home);
    const { url } = server;
    await onboard(url, owner);
    const session = await mainSession(url, owner);
    const [revoked, kept] = [await createToken(url, session), await createToken(url, session)];
    // The server writes the logins of each second in one go, perhaps right now.
    const program = new DatabaseSync(databaseOf(home), { timeout: 30_000 });
    program.exec('begin immediate');
    try {
      expectUnwritten(await revokeToken(server, session, revoked));
      expect([await stateOf(server, revoked.token), await stateOf(server, kept.token)]).toEqual([REVOKED, 'alive']);
      await server.printed(/"event":"change_not_written".*database is locked/);
    } finally {
      program.exec('rollback');
      program.close();
    }
    expect((await revokeToken(server, session, revoked)).status).toBe(200);
    expect((await createToken(url, session)).token).toBeTruthy();
    await stop(server);
  });
});

describe('a start on data with which something is wrong is refused in one sentence:', () => {
  let kept: Home;
  let token: string;
  beforeAll(async () => {
    kept = homeIn(temporaryFolder('refused'));
    const server = await startServer(kept);
    await onboard(server.url, owner);
    ({ token } = await createToken(server.url, await mainSession(server.url, owner)));
    await stop(server);
  });

  async function refusal(): Promise<string> {
    const running = spawnServer(kept);
    expect(await running.ended, running.stderr()).toEqual({ code: 1, signal: null });
    expect(running.stdout()).not.toContain('listening');
    const [sentence = '', ...more] = running.stderr().trimEnd().split('\n');
    expect(more).toEqual([]);
    return sentence;
  }

  const change = (sql: string) => {
    const database = new DatabaseSync(databaseOf(kept));
    database.exec(sql);
    database.close();
  };

  test('a start on a database that another program holds for itself is refused in one sentence', async () => {
    const program = new DatabaseSync(databaseOf(kept));
    program.exec('pragma locking_mode = exclusive; begin exclusive');
    try {
      expect(await refusal()).toBe(
        'countersign: the database cannot be used: another process has it open: another program, or a server whose lock file was removed; end that first',
      );
    } finally {
      program.close();
    }
  });

  test('a folder stands where the write-ahead log belongs', async () => {
    const log = `${databaseOf(kept)}-wal`;
    mkdirSync(log);
    expect(await refusal()).toBe('countersign: the database cannot be used: unable to open database file');
    rmSync(log, { recursive: true });
  });

  test('the row of a signing key is damaged', async () => {
    change("update signing_key set state = 'gone' where use = 'session'");
    expect(await refusal()).toBe(
      'countersign: the database cannot be used: a stored row is damaged: signing_key.state',
    );
    change("update signing_key set state = 'active' where use = 'session'");
  });

  test('a signing key does not match its public half', async () => {
    change("update signing_key set public_jwk = public_jwk || ' {' where use = 'session'");
    expect(await refusal()).toMatch(/^countersign: The stored signing key \S+ does not match its own public key\.$/);
    change("update signing_key set public_jwk = replace(public_jwk, ' {', '') where use = 'session'");
  });

  test('once its data is mended, a server that was refused starts with what it had', async () => {
    const server = await startServer(kept);
    expect(await stateOf(server, token)).toBe('alive');
    await stop(server);
  });
});
