// POST /operator/v1/backup: a whole copy to whoever holds the bearer, one at a time, with no secret in it and nothing left behind.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { parseTrailer, TRAILER_BYTES } from '../../src/backup/trailer.ts';
import { askForBackup, takeBackup } from '../support/backups.ts';
import { startService } from '../support/harness.ts';
import { auditRows, isLate, operate } from '../support/operator.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { call, createToken } from '../support/trader.ts';
import { addSubkey, expectRefusal, newOwner, type Owner, startWorld, type World } from '../support/world.ts';

let world: World;
let owner: Owner;
let token: string;
beforeAll(async () => {
  world = await startWorld();
  owner = await newOwner(world);
  await addSubkey(world, owner);
  ({ token } = await createToken(world.url, owner.session));
});
afterAll(() => world.stop());

const dataFolder = (where: World = world): string => join(where.service.folder, 'data');
const copies = (where?: World): string[] => readdirSync(dataFolder(where)).filter((name) => name.includes('copy'));

/** The database in a backup, opened. */
function databaseIn(backup: string): DatabaseSync {
  const bytes = readFileSync(backup);
  const file = join(temporaryFolder(), 'image.db');
  writeFileSync(file, bytes.subarray(0, -TRAILER_BYTES));
  const database = new DatabaseSync(file, { readOnly: true });
  onTestFinished(() => database.close());
  return database;
}

test('a backup needs the operator token', async () => {
  // A login is written up to a second later.
  const rows = async () => (await auditRows(world.service)).filter((row) => !isLate(row));
  const before = await rows();
  for (const bearer of [undefined, owner.session, token]) {
    const answer = await call(world.service.operatorUrl, 'POST', '/operator/v1/backup', {
      ...(bearer === undefined ? {} : { bearer }),
    });
    expectRefusal(answer, 401, 'UNAUTHORIZED_ERROR');
  }
  expectRefusal(
    await call(world.url, 'POST', '/operator/v1/backup', { bearer: world.service.operatorToken }),
    404,
    'NOT_FOUND',
  );
  expectRefusal(await operate(world.service, 'GET', '/backup'), 405, 'METHOD_NOT_ALLOWED');
  expect(await rows()).toEqual(before);
});

test('a backup comes as long as it was announced, ends with its trailer, and is one row of the audit log, its own included', async () => {
  const response = await askForBackup(world.service);
  const bytes = Buffer.from(await response.arrayBuffer());
  expect(response.headers.get('Content-Type')).toBe('application/octet-stream');
  expect(Number(response.headers.get('Content-Length'))).toBe(bytes.length);
  expect(parseTrailer(bytes.subarray(-TRAILER_BYTES))).toMatchObject({ sealed: expect.any(String) });
  const rows = (await auditRows(world.service)).filter(({ action }) => action === 'backup.taken');
  expect(rows.at(-1)).toMatchObject({ account: '0x0', actor: 'operator', subject: 'store', client_ip: '127.0.0.1' });

  const file = await takeBackup(world);
  const inside = databaseIn(file).prepare("select count(*) as n from audit where action = 'backup.taken'").get();
  expect(inside?.n).toBe(rows.length + 1);
});

test('neither the master key nor a bearer nor an unsealed signing key is in it', async () => {
  const bytes = readFileSync(await takeBackup(world)).toString('latin1');
  const masterKey = readFileSync(join(world.service.folder, 'master.key'), 'utf8').trim();
  const secrets = [
    masterKey,
    Buffer.from(masterKey, 'hex').toString('latin1'),
    Buffer.from(masterKey, 'hex').toString('base64'),
    Buffer.from(masterKey, 'hex').toString('base64url'),
    token,
    owner.session,
    world.service.operatorToken,
    'PRIVATE KEY',
  ];
  for (const secret of secrets) expect(bytes.includes(secret)).toBe(false);
  // PKCS #8 of a P-256 key begins with these bytes (RFC 5208, RFC 5480).
  const pkcs8 = Buffer.from('301306072a8648ce3d020106082a8648ce3d030107', 'hex').toString('latin1');
  expect(bytes.includes(pkcs8)).toBe(false);
  // It is the backup that was searched: what is no secret is found.
  expect(bytes.includes(owner.account)).toBe(true);
});

test('nothing of a backup is left on the server', async () => {
  await takeBackup(world);
  expect(copies()).toEqual([]);
});

test('backups are made one at a time: another is told to come again, and can when the first is over', async () => {
  const own = await startWorld();
  onTestFinished(() => own.stop());
  // Larger than all that fits between the server and a client that does not read.
  const database = new DatabaseSync(join(dataFolder(own), 'countersign.db'));
  database.exec(`create table filler as select zeroblob(${32 * 1024 * 1024}) as bytes`);
  database.close();
  const first = await askForBackup(own.service);
  const second = await operate(own.service, 'POST', '/backup');
  expect(expectRefusal(second, 503, 'SERVICE_UNAVAILABLE')).toBe('another backup is under way');
  expect(second.headers.get('Retry-After')).toBe('5');
  await first.arrayBuffer();
  await takeBackup(own);
});

test('whoever goes away while it is made or sent keeps nobody else from one', async () => {
  const own = await startWorld();
  onTestFinished(() => own.stop());
  const { hostname, port } = new URL(own.service.operatorUrl);
  const head = `POST /operator/v1/backup HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${own.service.operatorToken}\r\nContent-Length: 0\r\n\r\n`;
  for (const goesAway of ['at once', 'after the first bytes']) {
    const socket = connect({ host: hostname, port: Number(port) });
    await new Promise((resolve) => socket.write(head, resolve));
    if (goesAway !== 'at once') await new Promise((resolve) => socket.once('data', resolve));
    socket.destroy();
    // Refused until the server has noticed; a backup that stays under way would refuse for ever.
    await expect
      .poll(async () => (await askForBackup(own.service)).arrayBuffer().then(({ byteLength }) => byteLength > 10_000), {
        timeout: 20_000,
      })
      .toBe(true);
    expect(copies(own)).toEqual([]);
  }
});

test('a copy that a killed server left is replaced', async () => {
  writeFileSync(join(dataFolder(), 'countersign.db.copy'), 'half a copy');
  expect(
    databaseIn(await takeBackup(world))
      .prepare('pragma quick_check')
      .get(),
  ).toEqual({ quick_check: 'ok' });
  expect(copies()).toEqual([]);
});

test('a copy that a killed server left is gone with the next start: what was ended since stands in it', async () => {
  const folder = temporaryFolder();
  const data = join(folder, 'data');
  mkdirSync(data, { mode: 0o700 });
  for (const end of ['', '-journal']) writeFileSync(join(data, `countersign.db.copy${end}`), 'half a copy');
  const service = await startService({ folder });
  onTestFinished(() => service.stop());
  expect(readdirSync(data).filter((name) => name.includes('copy'))).toEqual([]);
});
