// No private key, token string or login signature is ever written or logged. Everything a service keeps is searched for each
// of them, and the search is proven to find what is there.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createStarkKey, randomStarkPrivateKey } from '../../src/client/stark-key.ts';
import { unixNanos } from '../../src/domain/time.ts';
import { openMasterKey } from '../../src/jwt/master-key.ts';
import { fromRecord } from '../../src/jwt/signing-key.ts';
import { curve } from '../support/curve.ts';
import { type Service, startService } from '../support/harness.ts';
import { findings, formsOfNumber, placesOf, type Secrets } from '../support/secret-search.ts';
import {
  type Answer,
  call,
  hasher,
  loginHeaders,
  newWindow,
  onboardingHeaders,
  registrationProof,
  type StarkTrader,
  siweFor,
  starkTrader,
  walletHeaders,
  walletTrader,
} from '../support/trader.ts';
import { forgedFrom } from '../support/world.ts';

const SUBKEYS = '/v1/account/keys/subkeys';
const TOKENS = '/v1/account/tokens';

/** A JWT is worth nothing without its signature, so the signature alone is looked for. */
const formsOfJwt = (jwt: string): string[] => [jwt.split('.')[2] ?? ''];

describe('a service through which everything was done once, and refused once', () => {
  const secrets: Secrets = new Map();
  const answers: Answer[] = [];
  let folder: string;
  let service: Service;
  let url: string;
  let owner: StarkTrader;

  /** What the service says it did, so that a step which silently failed cannot make this test pass. */
  async function step(status: number, ...[method, path, options]: [string, string, Parameters<typeof call>[3]?]) {
    const answer = await call(url, method, path, options);
    expect(answer.status, `${method} ${path}: ${answer.text}`).toBe(status);
    answers.push(answer);
    return answer;
  }

  function keepJwt(name: string, jwt: string): string {
    secrets.set(name, formsOfJwt(jwt));
    return jwt;
  }

  function keepStarkSignature(name: string, headers: Record<string, string>): Record<string, string> {
    const [r = '', s = ''] = JSON.parse(headers['PARADEX-STARKNET-SIGNATURE'] ?? '[]');
    secrets.set(`r of ${name}`, formsOfNumber(BigInt(r)));
    secrets.set(`s of ${name}`, formsOfNumber(BigInt(s)));
    return headers;
  }

  function keepWalletSignature(name: string, headers: Record<string, string>): Record<string, string> {
    const hex = (headers['PARADEX-EVM-SIGNATURE'] ?? '').slice(2);
    secrets.set(`r of ${name}`, formsOfNumber(BigInt(`0x${hex.slice(0, 64)}`)));
    secrets.set(`s of ${name}`, formsOfNumber(BigInt(`0x${hex.slice(64, 128)}`)));
    return headers;
  }

  function keepPrivateKey(name: string, privateKey: string): string {
    secrets.set(name, formsOfNumber(BigInt(privateKey)));
    return privateKey;
  }

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'countersign-secrets-'));
    service = await startService({ folder });
    url = service.url;
    owner = starkTrader(keepPrivateKey('private main key', randomStarkPrivateKey()));
    const { account, key } = owner;
    const login = (name: string, signer = key) =>
      keepStarkSignature(name, loginHeaders(hasher, signer, account, newWindow()));

    // Onboarding and logging in; and each refused.
    const early = { headers: login('login signature before onboarding') };
    await step(400, 'POST', '/v1/auth', early);
    const onboarding = onboardingHeaders(hasher, key, account);
    await step(200, 'POST', '/v1/onboarding', {
      headers: keepStarkSignature('onboarding signature', onboarding),
      body: { public_key: key.publicKey },
    });
    const first = await step(200, 'POST', '/v1/auth', { headers: login('login signature') });
    const session = keepJwt('main session', first.json.jwt_token);
    const stranger = createStarkKey(keepPrivateKey('private key of a stranger', randomStarkPrivateKey()));
    await step(401, 'POST', '/v1/auth', { headers: login('login signature of a stranger', stranger) });
    await step(401, 'POST', `/v1/auth/${stranger.publicKey}`, {
      headers: login('login signature of no subkey', stranger),
    });

    // Subkeys: registration signatures are recorded on purpose, by owner and signed fields.
    const subkey = createStarkKey(keepPrivateKey('private subkey', randomStarkPrivateKey()));
    const body = {
      name: 'bot',
      public_key: subkey.publicKey,
      ...registrationProof(curve, key, account, subkey.publicKey, newWindow()),
    };
    await step(401, 'POST', SUBKEYS, { bearer: session, body: { ...body, signature: ['0x1', '0x2'] } });
    await step(201, 'POST', SUBKEYS, { bearer: session, body });
    await step(201, 'POST', SUBKEYS, { bearer: session, body });
    const headers = login('login signature of the subkey', subkey);
    const second = await step(200, 'POST', `/v1/auth/${subkey.publicKey}`, { headers });
    const subkeySession = keepJwt('subkey session', second.json.jwt_token);

    // Tokens, used and misused: a bearer in a path or a query is somebody's mistake, and still a bearer.
    const made = await step(200, 'POST', TOKENS, { bearer: session, body: { name: 'reader' } });
    const token = keepJwt('read-only token', made.json.token);
    await step(200, 'GET', '/v1/balance', { bearer: token });
    await step(403, 'POST', TOKENS, { bearer: token, body: {} });
    await step(403, 'POST', '/v1/transfers', { bearer: subkeySession, body: { amount: '1' } });
    await step(404, 'GET', `/v1/no/such/${token}`, { bearer: token });
    await step(200, 'GET', `/v1/balance?token=${token}`, { bearer: token });
    await step(414, 'DELETE', `${TOKENS}/${token}`, { bearer: session });
    await step(400, 'POST', TOKENS, { bearer: session, body: `{"name": "${token}` });
    await step(200, 'PUT', `${TOKENS}/${made.json.api_token.lookup_id}/allowed-cidrs`, {
      bearer: session,
      body: { allowed_cidrs: ['203.0.113.0/24'] },
    });
    await step(403, 'GET', '/v1/balance', { bearer: token });
    await step(200, 'DELETE', `${TOKENS}/${made.json.api_token.lookup_id}`, { bearer: session });
    await step(401, 'GET', '/v1/balance', { bearer: token });
    await step(401, 'GET', '/v1/balance', { bearer: keepJwt('altered token', forgedFrom(token)) });

    // The same with a wallet.
    const trader = walletTrader(
      keepPrivateKey('private wallet key', randomStarkPrivateKey().slice(2).padStart(64, '0').replace(/^/, '0x')),
    );
    const wallet = (name: string, statement: string, seconds = 300) =>
      keepWalletSignature(name, walletHeaders(trader.wallet, trader.account, siweFor(trader, statement, { seconds })));
    await step(200, 'POST', '/v2/onboarding', {
      headers: wallet('wallet onboarding signature', 'Paradex Onboarding', 0),
      body: { public_key: trader.wallet.publicKey },
    });
    const signed = wallet('wallet login signature', 'Paradex Auth');
    const third = await step(200, 'POST', '/v2/auth', { headers: signed });
    keepJwt('wallet session', third.json.jwt_token);
    await step(401, 'POST', '/v2/auth', { headers: signed });
    await step(401, 'POST', '/v2/auth', { headers: wallet('signature of a wrong statement', 'Something else') });

    keepOwnKeys();
    await call(url, 'GET', '/v1/balance', { bearer: session });
  });

  afterAll(async () => {
    await service?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** The service's own secrets: the master key, and the keys that sign JWTs, which are on disk only sealed. */
  function keepOwnKeys(): void {
    const file = join(folder, 'master.key');
    const masterKey = openMasterKey(file, { mayCreate: false });
    secrets.set('master key', [readFileSync(file, 'utf8').trim(), masterKey.export().toString('latin1')]);
    const database = new DatabaseSync(join(folder, 'data', 'countersign.db'), { readOnly: true });
    const rows = database.prepare('select kid, use, public_jwk, sealed_private_key from signing_key').all();
    database.close();
    expect(rows).toHaveLength(2);
    for (const row of rows) {
      const use = row.use === 'token' ? 'token' : 'session';
      const { privateKey } = fromRecord(masterKey, {
        kid: String(row.kid),
        use,
        publicJwk: String(row.public_jwk),
        sealedPrivateKey: String(row.sealed_private_key),
        state: 'active',
        createdAt: unixNanos(0n),
      });
      const d = Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url');
      secrets.set(`private key of ${use} JWTs`, formsOfNumber(BigInt(`0x${d.toString('hex')}`)));
    }
  }

  test('every secret of the search is long enough that none could be found by chance', () => {
    expect(secrets.size).toBe(30);
    for (const [name, forms] of secrets) {
      for (const form of forms) expect(form.length, name).toBeGreaterThanOrEqual(30);
    }
  });

  test('a service through which everything was done once has no secret in its log, its tables or its files while it runs', async () => {
    const places = placesOf(service);
    expect([...places.keys()]).toEqual(expect.arrayContaining(['file countersign.db-wal', 'log', 'table audit']));
    expect(findings(secrets, places)).toEqual([]);
  });

  test('a service gives a JWT to whoever asked for it, once, and answers with nothing else that is secret', () => {
    const given = answers.flatMap((answer) => findings(secrets, new Map([['an answer', answer.text]])));
    const jwts = ['main session', 'subkey session', 'read-only token', 'wallet session'];
    expect(given).toEqual(jwts.map((name) => `${name} in an answer`));
  });

  test("a service records a registration with the owner's signature, and a login without", () => {
    const audit = placesOf(service).get('table audit') ?? '';
    expect(audit).toContain('"signature":["0x');
    expect(audit).toContain('subkey.registered');
  });

  test('the search for secrets finds one wherever it is planted: in the log, in a column, in a file', async () => {
    const [[, [form = ''] = []] = []] = [...secrets].filter(([name]) => name === 'read-only token');
    const places = placesOf(service);
    const planted = (place: string) => findings(secrets, new Map([...places, [place, `${places.get(place)}${form}`]]));
    expect(planted('log')).toEqual(['read-only token in log']);

    const database = new DatabaseSync(join(folder, 'data', 'countersign.db'));
    try {
      database.exec(`update account set ethereum_label = '${form}' where signer_type = 'starknet'`);
      expect(findings(secrets, placesOf(service))).toEqual([
        'read-only token in file countersign.db-wal',
        'read-only token in table account',
      ]);
    } finally {
      database.close();
    }
  });

  test('a service through which everything was done once has no secret in its files once it has stopped, but for the one that was planted', async () => {
    await service.stop();
    const places = placesOf(service);
    expect(places.get('table audit')).toContain('login');
    expect(findings(secrets, places)).toEqual([
      'read-only token in file countersign.db',
      'read-only token in table account',
    ]);
  });
});
