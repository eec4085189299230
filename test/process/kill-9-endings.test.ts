// The endings of whole accounts and keys outlive kill -9: each is asked of a real server over HTTP, which is killed as soon as its answer
// has been read; what it ended stays ended on the same data, and everything else goes on. The single changes: kill-9.test.ts.
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { createStarkKey, randomStarkPrivateKey, type StarkKey } from '../../src/client/stark-key.ts';
import { unixSeconds } from '../../src/domain/time.ts';
import { activationHash } from '../../src/starknet/message.ts';
import { curve } from '../support/curve.ts';
import { operate, signingKeys } from '../support/operator.ts';
import { type Home, homeIn, type Server, startServer } from '../support/server-process.ts';
import { endEverythingStarted } from '../support/start-project.ts';
import { removeFolders, temporaryFolder } from '../support/temporary-folder.ts';
import {
  type Answer,
  type CreatedToken,
  call,
  createToken,
  hasher,
  loginHeaders,
  mainSession,
  newWindow,
  onboard,
  registerSubkey,
  registrationProof,
  type StarkTrader,
  starkTrader,
  subkeySession,
  windowFrom,
} from '../support/trader.ts';

const SUBKEYS = '/v1/account/keys/subkeys';
/** Setting `login.future_tolerance`: how far ahead a login may be dated, and a sign-out reaches. */
const TOLERANCE = 30;
/** The most that a pending subkey may bring: with it its row does not fit in one page of the database. */
const CIPHERTEXT_LENGTH = 4096;

let home: Home;
beforeEach(async () => {
  home = homeIn(temporaryFolder('endings'));
});
afterEach(endEverythingStarted);
afterAll(removeFolders);

/** One account with a bearer of each kind, and somebody else's. */
interface Stage {
  readonly server: Server;
  readonly owner: StarkTrader;
  readonly subkey: StarkKey;
  readonly token: CreatedToken;
  readonly bearers: Readonly<Record<'main' | 'subkey' | 'token' | 'bystander' | 'their token', string>>;
  /** The credentials as rows of the log name them. */
  readonly subjects: Readonly<Record<'subkey' | 'token', string>>;
  /** Login signatures that a thief has a copy of: made before the ending, the second as far ahead as a login may be. */
  readonly captured: readonly Record<string, string>[];
}

async function setStage(...settings: string[]): Promise<Stage> {
  const server = await startServer(home, settings);
  const { url } = server;
  const [owner, stranger] = [starkTrader(), starkTrader()];
  const captured = [0, TOLERANCE].map((ahead) => signedAt(owner, Math.floor(Date.now() / 1000) + ahead));
  await Promise.all([onboard(url, owner), onboard(url, stranger)]);
  const [main, bystander] = [await mainSession(url, owner), await mainSession(url, stranger)];
  const subkey = await registerSubkey(url, owner, main);
  const token = await createToken(url, main);
  const bearers = {
    main,
    subkey: await subkeySession(url, owner.account, subkey),
    token: token.token,
    bystander,
    'their token': (await createToken(url, bystander)).token,
  };
  const [ids] = rows(
    `select (select cast(id as text) from subkey where account_id = '${owner.account}') as subkey,
            (select token_id from token where account_id = '${owner.account}') as token`,
  );
  const subjects = {
    subkey: `credential/${owner.account}/subkey/${ids?.subkey}`,
    token: `credential/${owner.account}/token/${ids?.token}`,
  };
  return { server, owner, subkey, token, bearers, subjects, captured };
}

const signedAt = ({ key, account }: StarkTrader, seconds: number, by = key): Record<string, string> =>
  loginHeaders(hasher, by, account, windowFrom(seconds * 1000, 600));

const login = ({ url }: Server, headers: Record<string, string>): Promise<Answer> =>
  call(url, 'POST', '/v1/auth', { headers });

function rows(sql: string): Record<string, unknown>[] {
  const database = new DatabaseSync(join(home.data, 'countersign.db'), { readOnly: true, timeout: 30_000 });
  try {
    const statement = database.prepare(sql);
    statement.setReadBigInts(true);
    return statement.all();
  } finally {
    database.close();
  }
}

/** Asks for a change and kills the server as soon as all of its answer is here, which must be a 200. */
async function acknowledged({ server }: Pick<Stage, 'server'>, change: () => Promise<Answer>): Promise<Answer> {
  const answer = await change();
  server.signal('SIGKILL');
  expect((await server.ended).signal).toBe('SIGKILL');
  expect(answer.status, answer.text).toBe(200);
  return answer;
}

/** The operator API of a server of this home. */
function operator() {
  const read = (file: string): string => readFileSync(join(home.data, file), 'utf8').trim();
  return { operatorUrl: read('operator.url'), operatorToken: read('operator.token') };
}

const ALIVE = 'alive';
const SIGNED_OUT = '401 UNAUTHORIZED_ERROR the session was signed out';
const REVOKED = '401 UNAUTHORIZED_ERROR the credential was revoked';
const LOCKED = '403 REQUEST_NOT_ALLOWED the account is locked';
const KEY_RETIRED = '401 UNAUTHORIZED_ERROR the key that signed it is retired';

/** `alive`, or how the bearer is refused, by our own API and by the gateway alike. */
async function stateOf({ url }: Server, bearer: string): Promise<string> {
  const answers = await Promise.all(
    ['/countersign/v1/self', '/v1/balance'].map((path) => call(url, 'GET', path, { bearer })),
  );
  const [ours, forwarded] = answers.map((answer) => (answer.status === 200 ? ALIVE : refusalIn(answer)));
  expect(forwarded).toBe(ours);
  return String(ours);
}

/** Status, code and what the message says beyond the words that every refused bearer is given. */
const refusalIn = ({ status, json }: Answer): string =>
  `${status} ${json?.error} ${String(json?.message).replace(/^invalid bearer jwt: | \(missing or malformed jwt\)$/g, '')}`;

type States = Record<keyof Stage['bearers'], string>;
const allAlive: States = { main: ALIVE, subkey: ALIVE, token: ALIVE, bystander: ALIVE, 'their token': ALIVE };

async function expectStates(server: Server, { bearers }: Stage, wanted: Partial<States>): Promise<void> {
  const states: Record<string, string> = {};
  for (const [name, bearer] of Object.entries(bearers)) states[name] = await stateOf(server, bearer);
  expect(states).toEqual({ ...allAlive, ...wanted });
}

interface Written {
  readonly account: string;
  readonly action: string;
  readonly actor: string;
  readonly subject: string;
  /** All that it touched, where that is more than the subject. */
  readonly subjects?: readonly string[];
  /** Not asked for by anybody: it followed. */
  readonly bySchedule?: boolean;
}

/** The last rows of the file that the killed server left are those of this answer: an audit row and a log row for each change. */
function expectWritten(answer: Answer, ...changes: readonly Written[]): void {
  expect(rows('pragma integrity_check')).toEqual([{ integrity_check: 'ok' }]);
  const audit = rows(
    "select * from audit where action not in ('login', 'login.refused', 'request.refused', 'ending.receipt') order by id",
  );
  const log = rows('select * from change_log order by position');
  expect(audit).toHaveLength(log.length);
  expect(rows("select value from meta where name = 'log_head'")).toEqual([{ value: BigInt(log.length) }]);
  const requestId = answer.headers.get('Countersign-Request-Id');
  expect(requestId).toMatch(/^[0-9a-f-]{36}$/);
  const last = (all: Record<string, unknown>[], columns: readonly string[]) =>
    all.slice(-changes.length).map((row) => columns.map((column) => row[column]));
  expect(last(audit, ['account_id', 'action', 'actor', 'subject', 'request_id'])).toEqual(
    changes.map(({ account, action, actor, subject, bySchedule }) => [
      account,
      action,
      actor,
      subject,
      bySchedule ? '' : requestId,
    ]),
  );
  expect(last(log, ['account_id', 'action', 'subjects'])).toEqual(
    changes.map(({ account, action, subject, subjects = [subject] }) => [account, action, JSON.stringify(subjects)]),
  );
}

/** Digits that no number of JavaScript holds. */
const validAfterIn = ({ text }: Answer): bigint => BigInt(/"valid_after":(\d+)/.exec(text)?.[1] ?? 'none');

/** No login that was signed before works, however far ahead it is dated. */
async function expectNoReplay(server: Server, { captured }: Stage): Promise<void> {
  for (const headers of captured) {
    expect(refusalIn(await login(server, headers))).toMatch(
      /^400 INVALID_TIMESTAMP the account signed out everywhere after this signature: sign again/,
    );
  }
}

/** After a sign-out this server takes logins from the very next second, which is still ahead: nobody has to wait for it. */
const startAhead = (): Promise<Server> => startServer(home, [`--login.future_tolerance=${10 * TOLERANCE}`]);

test('sign-out-everywhere: sessions and captured logins stay dead, tokens and keys live', async () => {
  const stage = await setStage();
  const { owner, subkey, bearers } = stage;
  const answer = await acknowledged(stage, () =>
    call(stage.server.url, 'POST', '/countersign/v1/sign-out-everywhere', { bearer: bearers.main }),
  );
  const validAfter = validAfterIn(answer);
  expect(rows(`select valid_after from account where account_id = '${owner.account}'`)).toEqual([
    { valid_after: validAfter },
  ]);
  expectWritten(answer, {
    account: owner.account,
    action: 'account.signed_out_everywhere',
    actor: 'main:main',
    subject: `sessions/${owner.account}`,
  });

  const server = await startAhead();
  await expectStates(server, stage, { main: SIGNED_OUT, subkey: SIGNED_OUT });
  await expectNoReplay(server, stage);
  const next = Number(validAfter / 1_000_000_000n) + 1;
  for (const key of [owner.key, subkey]) {
    const { status, json, text } = await login(server, signedAt(owner, next, key));
    expect(status, text).toBe(200);
    expect(await stateOf(server, json.jwt_token)).toBe(ALIVE);
  }
});

test('revoke-all: sessions, subkeys, tokens and captured logins stay dead, the main key lives', async () => {
  const stage = await setStage();
  const { owner, subkey, bearers, subjects, token } = stage;
  const answer = await acknowledged(stage, () =>
    call(stage.server.url, 'POST', '/countersign/v1/revoke-all', { bearer: bearers.main }),
  );
  expect(answer.json.subkeys).toMatchObject([{ public_key: subkey.publicKey }]);
  expect(answer.json.tokens).toMatchObject([{ lookup_id: token.lookupId }]);
  const subject = `sessions/${owner.account}`;
  expectWritten(answer, {
    account: owner.account,
    action: 'account.revoked_all',
    actor: 'main:main',
    subject,
    subjects: [subject, subjects.subkey, subjects.token],
  });

  const server = await startAhead();
  await expectStates(server, stage, { main: SIGNED_OUT, subkey: REVOKED, token: REVOKED });
  await expectNoReplay(server, stage);
  const next = Number(validAfterIn(answer) / 1_000_000_000n) + 1;
  expect((await login(server, signedAt(owner, next, subkey))).json.error).toBe('INVALID_SUBKEY');
  const { status, json, text } = await login(server, signedAt(owner, next));
  expect(status, text).toBe(200);
  expect(await stateOf(server, json.jwt_token)).toBe(ALIVE);
  const listed = await call(server.url, 'GET', `${SUBKEYS}?with_revoked=true`, { bearer: json.jwt_token });
  expect(listed.json.results).toMatchObject([{ public_key: subkey.publicKey, state: 'revoked' }]);
});

const report = ({ server }: Stage, bearer: string): Promise<Answer> =>
  call(server.url, 'POST', '/countersign/v1/leaked', { body: { token: bearer } });

test('leaked, a token: it stays dead, and nothing else ends', async () => {
  const stage = await setStage();
  const { bearers, owner, subjects } = stage;
  const other = await createToken(stage.server.url, bearers.main);
  const answer = await acknowledged(stage, () => report(stage, bearers.token));
  expectWritten(answer, {
    account: owner.account,
    action: 'credential.reported_leaked',
    actor: '',
    subject: subjects.token,
  });

  const server = await startServer(home);
  await expectStates(server, stage, { token: REVOKED });
  expect(await stateOf(server, other.token)).toBe(ALIVE);
});

test.each(['main', 'subkey'] as const)(
  'leaked, a session of a %s key: it and the older ones of that key stay dead, a younger one and the key live',
  async (kind) => {
    const stage = await setStage();
    const { owner, subjects } = stage;
    const key = kind === 'main' ? owner.key : stage.subkey;
    const now = Math.floor(Date.now() / 1000);
    const sessionAt = async (server: Server, seconds: number): Promise<string> => {
      const { status, json, text } = await login(server, signedAt(owner, seconds, key));
      expect(status, text).toBe(200);
      return json.jwt_token;
    };
    const older = await sessionAt(stage.server, now - 60);
    const leaked = await sessionAt(stage.server, now + 5);
    const younger = await sessionAt(stage.server, now + 6);
    const answer = await acknowledged(stage, () => report(stage, leaked));
    expectWritten(answer, {
      account: owner.account,
      action: 'credential.reported_leaked',
      actor: '',
      subject: kind === 'main' ? `credential/${owner.account}/main/main` : subjects.subkey,
    });

    const server = await startServer(home);
    await expectStates(server, stage, { [kind]: SIGNED_OUT });
    expect(await stateOf(server, older)).toBe(SIGNED_OUT);
    expect(await stateOf(server, leaked)).toBe(SIGNED_OUT);
    expect(await stateOf(server, younger)).toBe(ALIVE);
    expect(refusalIn(await login(server, signedAt(owner, now + 5, key)))).toMatch(/^400 INVALID_TIMESTAMP /);
    expect(await stateOf(server, await sessionAt(server, now + 6))).toBe(ALIVE);
  },
);

test('the lock of an account: everything of it stays refused, and an acknowledged unlock brings it back', async () => {
  const stage = await setStage();
  const { owner, captured } = stage;
  const row = { account: owner.account, actor: 'operator', subject: `account/${owner.account}` };
  const put = (state: string) => operate(operator(), 'POST', `/accounts/${owner.account}/${state}`);
  const locked = await acknowledged(stage, () => put('lock'));
  expectWritten(locked, { ...row, action: 'account.locked' });

  const second = await startServer(home);
  await expectStates(second, stage, { main: LOCKED, subkey: LOCKED, token: LOCKED });
  for (const headers of captured) expect(refusalIn(await login(second, headers))).toBe(LOCKED);
  const unlocked = await acknowledged({ server: second }, () => put('unlock'));
  expectWritten(unlocked, { ...row, action: 'account.unlocked' });

  const third = await startServer(home);
  await expectStates(third, stage, {});
  for (const headers of captured) expect((await login(third, headers)).status).toBe(200);
});

test('the activation of a subkey: it logs in, gives its ciphertext no second time, and no file has it any more', async () => {
  const stage = await setStage();
  const { owner, bearers } = stage;
  const [subkey, ephemeral] = [createStarkKey(randomStarkPrivateKey()), createStarkKey(randomStarkPrivateKey())];
  const ciphertext = randomBytes((CIPHERTEXT_LENGTH * 3) / 4).toString('base64url');
  const registered = await call(stage.server.url, 'POST', SUBKEYS, {
    bearer: bearers.main,
    body: {
      name: 'phone',
      public_key: subkey.publicKey,
      state: 'pending',
      encrypted_key: ciphertext,
      eph_public_key: ephemeral.publicKey,
      ...registrationProof(curve, owner.key, owner.account, subkey.publicKey, newWindow()),
    },
  });
  expect(registered.status, registered.text).toBe(201);
  const activation = (publicKey: string, timestamp = Math.floor(Date.now() / 1000)) => {
    const hash = activationHash(curve, unixSeconds(timestamp), ephemeral.publicKey);
    if (hash === undefined) throw new Error('no hash');
    return { account_id: owner.account, public_key: publicKey, timestamp, signature: ephemeral.sign(hash) };
  };
  const activate = ({ url }: Server, body: object) => call(url, 'POST', `${SUBKEYS}/activate`, { body });
  expect(filesWith(ciphertext)).not.toEqual([]);
  const sent = activation(subkey.publicKey);
  const answer = await acknowledged(stage, () => activate(stage.server, sent));
  expect(answer.json).toEqual({ encrypted_key: ciphertext });
  const [row] = rows(`select * from subkey where public_key = '${subkey.publicKey}'`);
  expect(row).toMatchObject({ state: 'active', encrypted_key: '', eph_public_key: '', pending_until: 0n });
  expectWritten(answer, {
    account: owner.account,
    action: 'subkey.activated',
    actor: `subkey:${row?.id}`,
    subject: `credential/${owner.account}/subkey/${row?.id}`,
  });

  const server = await startServer(home);
  await expectStates(server, stage, {});
  expect(await stateOf(server, await subkeySession(server.url, owner.account, subkey))).toBe(ALIVE);
  for (const body of [sent, activation(subkey.publicKey)]) {
    const again = await activate(server, body);
    expect(`${again.status} ${again.json?.error}`).toBe('400 SUBKEY_ALREADY_ACTIVATED');
    expect(again.text).not.toContain(ciphertext);
  }
  const unknown = await activate(server, activation(createStarkKey(randomStarkPrivateKey()).publicKey));
  expect(`${unknown.status} ${unknown.json?.error}`).toBe('404 NOT_FOUND');
  // The write-ahead log holds older states until the database has taken it over.
  server.signal('SIGTERM');
  expect(await server.ended).toEqual({ code: 0, signal: null });
  expect(filesWith(ciphertext)).toEqual([]);
});

/** Byte for byte and piece by piece: what a row no longer shows may still stand in its page, or in one that is free. */
function filesWith(text: string): string[] {
  const pieces = text.match(/.{1,32}/g) ?? [];
  return readdirSync(home.data)
    .filter((file) => file.startsWith('countersign.db'))
    .filter((file) => {
      const bytes = readFileSync(join(home.data, file), 'latin1');
      return pieces.some((piece) => bytes.includes(piece));
    });
}

const kidOf = (jwt: string): string => JSON.parse(Buffer.from(jwt.split('.')[0] ?? '', 'base64url').toString()).kid;
const publishedKids = async ({ url }: Server): Promise<string[]> =>
  (await call(url, 'GET', '/v1/jwks.json')).json.keys.map(({ kid }: { kid: string }) => kid);
const signingKeyRow = (action: string, kid: string, actor = 'operator'): Written => ({
  account: '0x0',
  action: `signing_key.${action}`,
  actor,
  subject: `kid/${kid}`,
  bySchedule: actor === 'schedule',
});

/** It names the key that it replaces, too: every node stops to sign with that one. */
const activationRow = (kid: string, replaced: string, actor = 'operator'): Written => ({
  ...signingKeyRow('activated', kid, actor),
  subjects: [`kid/${kid}`, `kid/${replaced}`],
});

test.each(['session', 'token'] as const)(
  'the retirement of a %s signing key: everything it signed stays dead, on every account, and its successor signs',
  async (use) => {
    const stage = await setStage();
    const { bearers, captured } = stage;
    const kid = kidOf(use === 'session' ? bearers.main : bearers.token);
    const answer = await acknowledged(stage, () => operate(operator(), 'POST', `/signing-keys/${kid}/retire`));
    const [fresh] = rows(`select kid from signing_key where use = '${use}' and state = 'active'`);
    const successor = String(fresh?.kid);
    expectWritten(
      answer,
      signingKeyRow('published', successor),
      activationRow(successor, kid),
      signingKeyRow('retired', kid),
    );

    const server = await startServer(home);
    const dead =
      use === 'session'
        ? { main: KEY_RETIRED, subkey: KEY_RETIRED, bystander: KEY_RETIRED }
        : { token: KEY_RETIRED, 'their token': KEY_RETIRED };
    await expectStates(server, stage, dead);
    const published = await publishedKids(server);
    expect(published).not.toContain(kid);
    expect(published).toContain(successor);
    // The keys of owners are not touched: even a login that was signed before works.
    const { json } = await login(server, captured[0] ?? {});
    const next = use === 'session' ? json.jwt_token : (await createToken(server.url, json.jwt_token)).token;
    expect(kidOf(next)).toBe(successor);
    expect(await stateOf(server, next)).toBe(ALIVE);
  },
);

test('the rotation of the session signing key: nothing ends, and the new key goes on signing', async () => {
  const settings = '--signing_keys.publish_delay=0';
  const stage = await setStage(settings);
  const { bearers, owner } = stage;
  const old = kidOf(bearers.main);
  const answer = await acknowledged(stage, () =>
    operate(operator(), 'POST', '/signing-keys/rotate', { use: 'session' }),
  );
  const { kid, state } = answer.json;
  expect(state).toBe('active');
  expectWritten(answer, signingKeyRow('published', kid), activationRow(kid, old, 'schedule'));

  const server = await startServer(home, [settings]);
  await expectStates(server, stage, {});
  const states = (await signingKeys(operator())).filter(({ use }) => use === 'session');
  expect(states).toEqual([
    { kid: old, use: 'session', state: 'verifying' },
    { kid, use: 'session', state: 'active' },
  ]);
  expect(await publishedKids(server)).toEqual(expect.arrayContaining([old, kid]));
  expect(kidOf(await mainSession(server.url, owner))).toBe(kid);
});
