// Each kind of token at each verifier: only its own passes. The keys of this service are known to the test, so that what is refused
// is refused for what it is, and not because nobody could have signed it.
import { createHmac, sign } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { unixNanos } from '../../src/domain/time.ts';
import { openMasterKey } from '../../src/jwt/master-key.ts';
import { createSigningKey, toRecord } from '../../src/jwt/signing-key.ts';
import { openStore } from '../../src/store/open.ts';
import { sqlite } from '../../src/store/sqlite/dialect.ts';
import { auditRows } from '../support/operator.ts';
import { headerOf, part, payloadOf, withPart, writeJwt } from '../support/signing-fixture.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { call, createToken } from '../support/trader.ts';
import {
  addSubkey,
  createTestClock,
  expectRefusal,
  loginOf,
  newOwner,
  newWalletOwner,
  SELF,
  sessionIn,
  startWorld,
  stateOf,
  subkeySession,
  type World,
} from '../support/world.ts';

const keys = {
  session: createSigningKey('session'),
  token: createSigningKey('token'),
  terminal: createSigningKey('terminal'),
};
type Use = keyof typeof keys;
type Key = (typeof keys)[Use];

/** Sound bearers, each of an account of its own. */
interface Bearers {
  readonly main: string;
  readonly evm: string;
  readonly subkey: string;
  readonly token: string;
}
const bearerKinds = ['main', 'evm', 'subkey', 'token'] as const;
type BearerKind = (typeof bearerKinds)[number];
const useOf = (kind: BearerKind): Use => (kind === 'token' ? 'token' : 'session');

/** The bearer of who reads the figures. */
const SCRAPER = 'the-bearer-of-a-reader-of-figures';

let world: World;
let bearers: Bearers;
let terminal: string;

beforeAll(async () => {
  const folder = temporaryFolder();
  const masterKey = openMasterKey(join(folder, 'master.key'), { mayCreate: true });
  mkdirSync(join(folder, 'data'));
  writeFileSync(join(folder, 'data', 'countersign.json'), JSON.stringify({ 'metrics.token': SCRAPER }), {
    mode: 0o600,
  });
  const { time, nanos } = createTestClock();
  const { store } = await openStore(sqlite(join(folder, 'data', 'countersign.db')), time);
  for (const key of Object.values(keys)) {
    await store.insertSigningKey(toRecord(masterKey, key, { state: 'active', createdAt: unixNanos(nanos()) }));
  }
  await store.close();
  world = await startWorld({ folder, settings: { 'terminal_token.enabled': 'true' } });
  bearers = await newBearers();
  const owner = await newOwner(world);
  const headers = loginOf(world, owner.key, owner.account);
  const login = await call(world.url, 'POST', '/v1/auth?token_usage=interactive', { headers });
  const made = await call(world.url, 'POST', '/v1/account/terminal-token', { bearer: sessionIn(login) });
  terminal = made.json.jwt_token;
});
afterAll(() => world.stop());

async function newBearers(): Promise<Bearers> {
  const trader = await newOwner(world);
  return {
    main: (await newOwner(world)).session,
    evm: (await newWalletOwner(world)).session,
    subkey: await subkeySession(world, trader.account, await addSubkey(world, trader)),
    token: (await createToken(world.url, (await newOwner(world)).session)).token,
  };
}

test('the bearers of the tests of kinds are signed by the keys that the test knows', () => {
  const kidOf = (jwt: string) => headerOf(jwt).kid;
  expect(bearerKinds.map((kind) => kidOf(bearers[kind]))).toEqual(bearerKinds.map((kind) => keys[useOf(kind)].kid));
  expect(kidOf(terminal)).toBe(keys.terminal.kid);
});

// --- the verifiers ---

const REFUSED = '401 UNAUTHORIZED_ERROR';
const outcome = ({ status, json }: { status: number; json?: { error?: string } }, passed: () => unknown): string =>
  status < 300 ? String(passed()) : `${status} ${json?.error}`;
const seenByVenue = () => world.service.venue.requests().at(-1)?.headers['countersign-credential-kind'];
const reports = async () =>
  (await auditRows(world.service)).filter(({ action }) => action === 'credential.reported_leaked').length;

const verifiers = {
  /** A private route of the venue. */
  async gateway(text: string) {
    const before = world.service.venue.total();
    const answer = await call(world.url, 'GET', '/v1/balance', { bearer: text });
    const reached = world.service.venue.total() - before;
    if (answer.status >= 300) expectRefusal(answer, 401, 'UNAUTHORIZED_ERROR');
    expect(reached).toBe(answer.status < 300 ? 1 : 0);
    return outcome(answer, seenByVenue);
  },
  /** A private route of ours. */
  async ours(text: string) {
    const answer = await call(world.url, 'GET', SELF, { bearer: text });
    if (answer.status >= 300) expectRefusal(answer, 401, 'UNAUTHORIZED_ERROR');
    return outcome(answer, () => answer.json.kind);
  },
  /** A public route that uses a good bearer. */
  async public(text: string) {
    return outcome(await call(world.url, 'GET', '/v1/vaults/balance', { bearer: text }), seenByVenue);
  },
  async operator(text: string) {
    const answer = await call(world.service.operatorUrl, 'GET', '/operator/v1/version', { bearer: text });
    return outcome(answer, () => 'operator');
  },
  async metrics(text: string) {
    const answer = await call(world.service.operatorUrl, 'GET', '/metrics', { bearer: text });
    return outcome(answer, () => 'metrics');
  },
  /** In a body. The answer tells nothing; the audit log tells whether something ended. */
  async leaked(text: string) {
    const before = await reports();
    const answer = await call(world.url, 'POST', '/countersign/v1/leaked', { body: { token: text } });
    expect([answer.status, answer.text]).toEqual([200, '{"received":true}']);
    return (await reports()) === before ? 'nothing ended' : 'ended';
  },
} satisfies Record<string, (text: string) => Promise<string>>;

async function everywhere(text: string): Promise<Record<string, string>> {
  const seen: Record<string, string> = {};
  for (const [name, verify] of Object.entries(verifiers)) seen[name] = await verify(text);
  return seen;
}

const nowhere = {
  gateway: REFUSED,
  ours: REFUSED,
  public: '',
  operator: REFUSED,
  metrics: REFUSED,
  leaked: 'nothing ended',
};

// --- the kinds ---

describe('each kind passes where it belongs, and nowhere else', () => {
  test.each(bearerKinds)('a bearer of kind %s passes where its kind belongs, and nowhere else', async (kind) => {
    const text = (await newBearers())[kind];
    const seen = await everywhere(text);
    expect(seen).toEqual({ ...nowhere, gateway: kind, ours: kind, public: kind, leaked: 'ended' });
    expect(await stateOf(world, text)).toBe(REFUSED);
  });

  test('the bearer of the operator passes at the operator API and at the metrics, and nowhere else', async () => {
    const seen = await everywhere(world.service.operatorToken);
    expect(seen).toEqual({ ...nowhere, operator: 'operator', metrics: 'metrics' });
  });

  test('the bearer for reading the metrics passes there, and nowhere else', async () => {
    expect(await everywhere(SCRAPER)).toEqual({ ...nowhere, metrics: 'metrics' });
  });

  test('a terminal token passes nowhere in this service', async () => {
    expect(await everywhere(terminal)).toEqual(nowhere);
  });

  test.each([
    ['the operator with something after it', () => `${world.service.operatorToken}=`],
    ['the operator without its last character', () => world.service.operatorToken.slice(0, -1)],
    ['the operator in another letter case', () => swapCase(world.service.operatorToken)],
  ])('the bearer of %s passes nowhere', async (_name, text) => {
    expect(await everywhere(text())).toEqual(nowhere);
  });
});

const swapCase = (text: string): string =>
  text.replaceAll(/[A-Za-z]/g, (letter) =>
    letter === letter.toUpperCase() ? letter.toLowerCase() : letter.toUpperCase(),
  );

/** With the claims of a sound bearer, under any header, properly signed by any key of ours. */
const resigned = (jwt: string, use: Use, header: object, claims: object = {}): string =>
  writeJwt(
    keys[use],
    JSON.stringify({ alg: 'ES256', kid: keys[use].kid, ...header }),
    JSON.stringify({ ...payloadOf(jwt), ...claims }),
  );

describe('what a key of ours signed for another purpose passes nowhere', () => {
  const audience = { session: 'countersign:session', token: 'countersign:read-only-token', terminal: 'dime-terminal' };

  test.each(['assertion+JWT', 'console+JWT', 'terminal+JWT'])(
    'a JWT with typ %s passes nowhere, whichever key of ours signed it',
    async (typ) => {
      for (const use of ['session', 'token', 'terminal'] as const) {
        for (const kind of bearerKinds) {
          expect([use, kind, await everywhere(resigned(bearers[kind], use, { typ }))]).toEqual([use, kind, nowhere]);
        }
      }
    },
  );

  test.each([
    ['a session under the key of terminal tokens', () => resigned(bearers.main, 'terminal', { typ: 'JWT' })],
    ['a session under the key of tokens', () => resigned(bearers.main, 'token', { typ: 'JWT' })],
    ['a token under the key of sessions', () => resigned(bearers.token, 'session', { typ: 'readonly+JWT' })],
    ['a token under the key of terminal tokens', () => resigned(bearers.token, 'terminal', { typ: 'readonly+JWT' })],
    ['a session called a token', () => resigned(bearers.main, 'session', { typ: 'readonly+JWT' })],
    ['a token called a session', () => resigned(bearers.token, 'token', { typ: 'JWT' })],
    [
      'a session for the audience of tokens',
      () => resigned(bearers.main, 'session', { typ: 'JWT' }, { aud: audience.token }),
    ],
    [
      'a token for the audience of sessions',
      () => resigned(bearers.token, 'token', { typ: 'readonly+JWT' }, { aud: audience.session }),
    ],
    [
      'a session for the audience of the terminal',
      () => resigned(bearers.main, 'session', { typ: 'JWT' }, { aud: audience.terminal }),
    ],
    ['a terminal token called a session', () => resigned(terminal, 'terminal', { typ: 'JWT' })],
    [
      'a terminal token with the claims of a session',
      () => resigned(bearers.main, 'terminal', { typ: 'terminal+JWT' }),
    ],
    ['the claims of a terminal token in a session', () => resigned(terminal, 'session', { typ: 'JWT' })],
    ['a token with the claims of a session', () => resigned(bearers.main, 'token', { typ: 'readonly+JWT' })],
    ['a session with the claims of a token', () => resigned(bearers.token, 'session', { typ: 'JWT' })],
  ])('a JWT that a key of ours signed for another purpose passes nowhere: %s', async (_name, forge) => {
    expect(await everywhere(forge())).toEqual(nowhere);
  });
});

// --- the same bearer, written otherwise ---

const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

const base64url = (text: string): string => Buffer.from(text).toString('base64url');
const signedPart = (jwt: string): string => jwt.slice(0, jwt.lastIndexOf('.'));
const payloadText = (jwt: string): string => Buffer.from(part(jwt, 1), 'base64url').toString();
const headerText = (jwt: string): string => Buffer.from(part(jwt, 0), 'base64url').toString();

function highS(jwt: string): string {
  const signature = Buffer.from(part(jwt, 2), 'base64url');
  const s = ORDER - BigInt(`0x${signature.toString('hex', 32)}`);
  const twin = Buffer.concat([signature.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, '0'), 'hex')]);
  return withPart(jwt, 2, twin.toString('base64url'));
}

// The last character of 64 bytes carries two bits; the other four must be zero.
function looseBits(jwt: string): string {
  return jwt.slice(0, -1) + ALPHABET.charAt(ALPHABET.indexOf(jwt.slice(-1)) + 1);
}

/** Signed anew until the other alphabet spells it differently. */
function standardAlphabet(jwt: string, key: Key): string {
  let text = jwt;
  while (!/[-_]/.test(part(text, 2))) text = writeJwt(key, headerText(jwt), payloadText(jwt));
  return text.replaceAll('-', '+').replaceAll('_', '/');
}

const hmac = (jwt: string, secret: string | Buffer): string => {
  const signed = `${base64url(headerText(jwt).replace('ES256', 'HS256'))}.${part(jwt, 1)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
};

const withHeader = (jwt: string, key: Key, change: (text: string) => string) =>
  writeJwt(key, change(headerText(jwt)), payloadText(jwt));
const withPayload = (jwt: string, key: Key, change: (text: string) => string) =>
  writeJwt(key, headerText(jwt), change(payloadText(jwt)));

const spellings: readonly (readonly [string, (jwt: string, key: Key) => string])[] = [
  ['padding after it', (jwt) => `${jwt}==`],
  ['padding after its payload', (jwt) => withPart(jwt, 1, `${part(jwt, 1)}=`)],
  ['loose bits at its end', looseBits],
  ['the standard alphabet', standardAlphabet],
  ['a part too many', (jwt) => `${jwt}.`],
  ['a whole part too many', (jwt) => `${jwt}.${part(jwt, 2)}`],
  ['an empty part before it', (jwt) => `.${jwt}`],
  ['no signature', (jwt) => signedPart(jwt)],
  ['an empty signature', (jwt) => `${signedPart(jwt)}.`],
  ['another bearer behind it', (jwt) => `${jwt} ${jwt}`],
  ['a comma and another bearer behind it', (jwt) => `${jwt},${jwt}`],
  ['the high twin of s', highS],
  [
    'its signature in DER',
    (jwt, key) =>
      withPart(
        jwt,
        2,
        sign('sha256', Buffer.from(signedPart(jwt)), { key: key.privateKey, dsaEncoding: 'der' }).toString('base64url'),
      ),
  ],
  ['the signature of zeros', (jwt) => withPart(jwt, 2, Buffer.alloc(64).toString('base64url'))],
  ['alg none and no signature', (jwt) => `${base64url(headerText(jwt).replace('ES256', 'none'))}.${part(jwt, 1)}.`],
  ['alg none under its key', (jwt, key) => withHeader(jwt, key, (text) => text.replace('ES256', 'none'))],
  ['an HMAC by its public key', (jwt, key) => hmac(jwt, key.publicKey.export({ format: 'pem', type: 'spki' }))],
  ['an HMAC by its published x', (jwt, key) => hmac(jwt, Buffer.from(key.publicJwk.x, 'base64url'))],
  ['an HMAC by nothing', (jwt) => hmac(jwt, '')],
  ['the typ of the other kind', (jwt, key) => withHeader(jwt, key, otherTyp)],
  ['the typ in small letters', (jwt, key) => withHeader(jwt, key, (text) => text.replace('JWT', 'jwt'))],
  ['the kid of the other key', (jwt, key) => withHeader(jwt, key, (text) => text.replace(key.kid, otherKey(key).kid))],
  ['the kid and the signature of the other key', (jwt, key) => withOtherKey(jwt, key)],
  ['no kid', (jwt, key) => withHeader(jwt, key, (text) => text.replace(`"kid":"${key.kid}",`, ''))],
  ['a key of its own', (jwt, key) => withHeader(jwt, key, (text) => member(text, { jwk: key.publicJwk }))],
  ['crit', (jwt, key) => withHeader(jwt, key, (text) => member(text, { crit: ['b64'], b64: false }))],
  ['a member of the header twice', (jwt, key) => withHeader(jwt, key, (text) => text.replace('{', '{"alg":"none",'))],
  [
    'an equal member of the header twice',
    (jwt, key) => withHeader(jwt, key, (text) => text.replace('{', '{"alg":"ES256",')),
  ],
  ['a member of the payload twice', (jwt, key) => withPayload(jwt, key, (text) => text.replace('{', '{"sub":"0x1",'))],
  [
    'an equal member of the payload twice',
    (jwt, key) => withPayload(jwt, key, (text) => text.replace('{', '{"typ":"at+JWT",')),
  ],
  ['a blank in the payload', (jwt, key) => withPayload(jwt, key, (text) => text.replace(':', ': '))],
  ['an escape in the payload', (jwt, key) => withPayload(jwt, key, (text) => text.replace('at+JWT', '\\u0061t+JWT'))],
  ['a claim that we do not write', (jwt, key) => withPayload(jwt, key, (text) => member(text, { scope: 'all' }))],
  ['nbf', (jwt, key) => withPayload(jwt, key, (text) => member(text, { nbf: 0 }))],
];

const member = (json: string, more: object): string => JSON.stringify({ ...JSON.parse(json), ...more });
const otherKey = (key: Key): Key => (key.use === 'token' ? keys.session : keys.token);
const otherTyp = (header: string): string =>
  header.includes('"JWT"') ? header.replace('"JWT"', '"readonly+JWT"') : header.replace('"readonly+JWT"', '"JWT"');
const withOtherKey = (jwt: string, key: Key): string =>
  writeJwt(otherKey(key), headerText(jwt).replace(key.kid, otherKey(key).kid), payloadText(jwt));

describe('a sound bearer in any other spelling is none, and reporting it ends nothing', () => {
  test('a bearer signed anew in its own spelling passes, so that the refusals of other spellings are due to what they change', async () => {
    for (const kind of bearerKinds) {
      const again = writeJwt(keys[useOf(kind)], headerText(bearers[kind]), payloadText(bearers[kind]));
      expect([kind, await verifiers.gateway(again), await verifiers.ours(again)]).toEqual([kind, kind, kind]);
    }
  });

  test.each(spellings)('a sound bearer with %s is none, and reporting it ends nothing', async (_name, respell) => {
    for (const kind of bearerKinds) {
      const text = respell(bearers[kind], keys[useOf(kind)]);
      expect(text).not.toBe(bearers[kind]);
      expect([kind, await everywhere(text)]).toEqual([kind, nowhere]);
    }
  });

  // Not for a header: there a blank at the end is no part of the value (RFC 9110 section 5.5).
  test.each([
    ['a NUL after it', (jwt: string) => `${jwt}\0`],
    ['a letter above ASCII after it', (jwt: string) => `${jwt}\u00e9`],
  ])('a report of a sound bearer with %s ends nothing', async (_name, respell) => {
    for (const kind of bearerKinds) expect(await verifiers.leaked(respell(bearers[kind]))).toBe('nothing ended');
  });

  // What somebody who found it brings along when he pastes it has one reading, and the answer would not tell him that nothing ended.
  test.each([
    ['a blank inside', (jwt: string) => `${jwt.slice(0, 40)} ${jwt.slice(40)}`],
    ['the scheme twice', (jwt: string) => `Bearer ${jwt}`],
    ['quotes around it', (jwt: string) => `"${jwt}"`],
  ])('a bearer pasted with %s passes nowhere, and a report ends it', async (_name, paste) => {
    const found = await newBearers();
    for (const kind of bearerKinds) {
      expect([kind, await everywhere(paste(found[kind]))]).toEqual([kind, { ...nowhere, leaked: 'ended' }]);
    }
  });

  test('the bearers that were spelt otherwise are all alive at the end', async () => {
    for (const kind of bearerKinds) expect([kind, await stateOf(world, bearers[kind])]).toEqual([kind, 'alive']);
  });
});
