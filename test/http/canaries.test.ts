// Canary secrets, put wherever a client can put anything: every endpoint, ours, the venue's and the operator's; path, query, headers,
// cookie, bearer, body. None of them may be found in the log at its most verbose, in the database and its write-ahead log, in the body
// of an error or in the metrics. Behind that stands redaction: here it is switched off once, and then a canary is found.
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import table from '../../src/access/routes/paradex.json' with { type: 'json' };
import { createStarkKey, randomStarkPrivateKey } from '../../src/client/stark-key.ts';
import { siweText } from '../../src/client/wallet.ts';
import { curve } from '../support/curve.ts';
import { type Service, startService } from '../support/harness.ts';
import { exchange } from '../support/raw-http.ts';
import { findings, formsOfNumber, placesOf, type Secrets } from '../support/secret-search.ts';
import {
  type Answer,
  call,
  L1_CHAIN_ID,
  mainSession,
  newWindow,
  onboard,
  onboardWallet,
  registrationProof,
  SIWE_DOMAIN,
  starkTrader,
  walletHeaders,
  walletTrader,
} from '../support/trader.ts';

const MARK = 'cAnArY7';
const seeded: string[] = [];

/** A secret that exists once: found anywhere, it says by its number where it was put. */
function canary(where: string): string {
  const number = (seeded.push(where) - 1).toString(36).padStart(4, '0');
  return `${MARK}${number}${randomBytes(24).toString('base64url').replaceAll(/[-_]/g, 'x')}`;
}

/** Like a JWT of ours, and none: its claims and its signature are canaries. */
function canaryJwt(where: string): string {
  const part = (text: string) => Buffer.from(text).toString('base64url');
  const claims = part(JSON.stringify({ sub: canary(`${where}, claims`) }));
  return `${part('{"alg":"ES256","typ":"JWT"}')}.${claims}.${canary(`${where}, signature`)}`;
}

/** The mark as its bytes read in base64, at each of the three offsets at which they can begin; the ends depend on neighbours. */
const encodedMarks = [0, 1, 2].map((offset) => {
  const text = Buffer.from(`${' '.repeat(offset)}${MARK}`).toString('base64url');
  return text.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + MARK.length) * 8) / 6));
});

/** Numbers that clients write in several forms: the halves of signatures, and a private key. They are the same at every endpoint. */
const numbers = ['r', 's', 'r of a wallet', 's of a wallet', 'private key'].map((name) => ({
  name,
  value: BigInt(`0x7${randomBytes(31).toString('hex')}`) % 2n ** 250n,
}));
const numberSecrets: Secrets = new Map(numbers.map(({ name, value }) => [name, formsOfNumber(value)]));
const numberOf = (name: string): bigint => numbers.find((number) => number.name === name)?.value ?? 0n;
const starkSignature = JSON.stringify([numberOf('r').toString(), numberOf('s').toString()]);
const hex64 = (name: string): string => numberOf(name).toString(16).padStart(64, '0');
const walletSignature = `0x${hex64('r of a wallet')}${hex64('s of a wallet')}1b`;
const privateKey = `0x${hex64('private key')}`;

/** Every canary that stands in one of these texts, by where it was put and where it was found. */
function sightings(places: ReadonlyMap<string, string>): string[] {
  const found = new Set(findings(numberSecrets, places));
  for (const [place, content] of places) {
    for (const [, number = ''] of content.matchAll(new RegExp(`${MARK}([0-9a-z]{4})`, 'gi'))) {
      found.add(`${seeded[Number.parseInt(number, 36)]} in ${place}`);
    }
    for (const encoded of encodedMarks) if (content.includes(encoded)) found.add(`an encoded canary in ${place}`);
  }
  return [...found];
}

interface Endpoint {
  readonly method: string;
  /** With `{parameters}`. */
  readonly path: string;
}

const ours: readonly Endpoint[] = table.routes;
const operators: readonly Endpoint[] = [
  { method: 'GET', path: '/operator/v1/accounts' },
  { method: 'GET', path: '/operator/v1/accounts/{account}' },
  { method: 'POST', path: '/operator/v1/accounts/{account}/lock' },
  { method: 'POST', path: '/operator/v1/accounts/{account}/unlock' },
  { method: 'POST', path: '/operator/v1/credentials/find' },
  { method: 'POST', path: '/operator/v1/credentials/revoke' },
  { method: 'GET', path: '/operator/v1/settings' },
  { method: 'GET', path: '/operator/v1/signing-keys' },
  { method: 'GET', path: '/operator/v1/signing-keys/{kid}' },
  { method: 'POST', path: '/operator/v1/signing-keys/rotate' },
  { method: 'POST', path: '/operator/v1/signing-keys/{kid}/retire' },
  { method: 'GET', path: '/operator/v1/audit' },
  { method: 'GET', path: '/operator/v1/clock' },
  { method: 'POST', path: '/operator/v1/clock/accept' },
  { method: 'POST', path: '/operator/v1/backup' },
  { method: 'GET', path: '/operator/v1/version' },
  { method: 'GET', path: '/metrics' },
  { method: 'GET', path: '/healthz' },
  { method: 'GET', path: '/readyz' },
];
/** What no table lists: a path nobody serves, and a wrong method. */
const nowhere: readonly Endpoint[] = [
  { method: 'GET', path: '/v1/{anything}/{else}' },
  { method: 'PUT', path: '/v1/auth' },
  { method: 'PATCH', path: '/v1/orders/{order_id}' },
];

/** What a client may say beside its bearer, with a canary in each place. */
function seeds(where: string) {
  const c = (place: string) => canary(`${place} of ${where}`);
  return {
    headers: {
      Cookie: `session=${c('cookie')}`,
      'X-Api-Key': c('header'),
      'X-Forwarded-For': c('forwarded address'),
      'Proxy-Authorization': `Basic ${c('proxy credential')}`,
      'Countersign-Upstream-Secret': c('upstream secret'),
      'PARADEX-STARKNET-ACCOUNT': '0x7',
      'PARADEX-STARKNET-SIGNATURE': starkSignature,
      'PARADEX-EVM-SIGNATURE': walletSignature,
      'PARADEX-SIWE-MESSAGE': Buffer.from(`secret: ${c('siwe message')}`).toString('base64'),
      'PARADEX-ETHEREUM-ACCOUNT': c('ethereum account'),
      'PARADEX-TIMESTAMP': String(Math.trunc(Date.now() / 1000)),
    },
    query: `token=${canaryJwt(`query of ${where}`)}&cursor=${c('query')}&account=${c('query')}`,
    body: JSON.stringify({
      token: canaryJwt(`body of ${where}`),
      signature: starkSignature,
      evm_signature: walletSignature,
      private_key: privateKey,
      credential: canaryJwt(`bearer asked about of ${where}`),
      encrypted_key: c('body'),
      password: c('body'),
      use: c('body'),
      allowed_cidrs: [c('body')],
      [c('member name')]: 1,
    }),
  };
}

type Bearer = string | undefined;

/** The endpoint with canaries everywhere, once with each of these bearers; bodies whole and cut short. */
async function seed(base: string, { method, path }: Endpoint, bearers: readonly Bearer[]): Promise<Answer[]> {
  const answers: Answer[] = [];
  const where = `${method} ${path}`;
  for (const bearer of bearers) {
    const { headers, query, body } = seeds(where);
    const target = `${path.replaceAll(/\{[a-z_]+\}/g, () => canary(`path of ${where}`))}?${query}`;
    const send = async (text?: string) => {
      const options = { headers: { ...headers, ...(bearer === undefined ? {} : { Authorization: bearer }) } };
      answers.push(await call(base, method, target, text === undefined ? options : { ...options, body: text }));
    };
    if (method === 'GET') await send();
    else for (const text of [body, body.slice(0, -20)]) await send(text);
  }
  return answers;
}

const bodiesOf = (answers: readonly { readonly status: number; readonly text: string }[]): string =>
  answers.flatMap(({ status, text }) => (status >= 400 ? [text] : [])).join('\n');

/** Everything a service keeps or tells the operator. */
async function everyPlace(service: Service): Promise<Map<string, string>> {
  const places = placesOf(service);
  const ask = async (path: string) =>
    (await call(service.operatorUrl, 'GET', path, { bearer: service.operatorToken })).text;
  places.set('metrics', await ask('/metrics'));
  places.set('readiness', await ask('/readyz'));
  places.set('audit export', await ask('/operator/v1/audit'));
  return places;
}

async function sessionOn({ url }: Service): Promise<string> {
  const trader = starkTrader();
  await onboard(url, trader);
  return mainSession(url, trader);
}

describe('canaries seeded through every endpoint', () => {
  let service: Service;
  const answers = new Map<string, readonly Answer[]>();
  const raw: { status: number; text: string }[] = [];

  beforeAll(async () => {
    // Nothing is handed to the log that would have to be taken out of it: here nothing stands behind that.
    service = await startService({ redact: (line) => line });
    const { url, port, operatorUrl, operatorToken } = service;
    const session = await sessionOn(service);
    for (const endpoint of [...ours, ...nowhere]) {
      const where = `${endpoint.method} ${endpoint.path}`;
      // These end the session they are asked with.
      const ruinous = /\/(sign-out-everywhere|revoke-all)$/.test(endpoint.path);
      const bearers = [
        `Bearer ${canaryJwt(`bearer of ${where}`)}`,
        `${canary(`scheme of ${where}`)} ${canary(`bearer of ${where}`)}`,
        `Bearer ${ruinous ? await sessionOn(service) : session}`,
      ];
      answers.set(where, await seed(url, endpoint, bearers));
    }
    for (const endpoint of operators) {
      const where = `operator ${endpoint.method} ${endpoint.path}`;
      const bearers = [`Bearer ${canary(`bearer of ${where}`)}`, `Bearer ${operatorToken}`];
      answers.set(where, await seed(operatorUrl, endpoint, bearers));
    }
    for (const [what, bytes] of unreadable()) {
      const { status, body } = await exchange(port, bytes);
      expect(status, what).toBeGreaterThanOrEqual(400);
      raw.push({ status, text: body });
    }
  });
  afterAll(() => service?.stop());

  test('the list of endpoints that canaries are sent to has every path of the operator API', () => {
    const folder = join(import.meta.dirname, '../../src/operator/routes');
    const code = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8'));
    const inCode = new Set(code.join('\n').match(/\/operator\/v1\/[^'`\s]*/g));
    const listed = operators.map(({ path }) => path.replaceAll(/\{([a-z_]+)\}/g, ':$1'));
    const known = (path: string) => listed.some((one) => one === path || one.startsWith(path.replace(/\$\{.*/, '')));
    expect([...inCode].filter((path) => !known(path))).toEqual([]);
    expect(inCode.size).toBeGreaterThan(8);
  });

  test('the canaries were sent: each endpoint answered, the strangers and the sessions, and the venue saw its own', () => {
    expect(answers.size).toBe(ours.length + nowhere.length + operators.length);
    const statuses = new Set([...answers.values()].flat().map(({ status }) => status));
    expect([...statuses]).toEqual(expect.arrayContaining([200, 400, 401, 403, 404, 405]));
    const targets = service.venue.requests().map(({ target }) => target);
    expect(targets.filter((target) => target.includes(MARK)).length).toBeGreaterThan(100);
  });

  test('a canary is in the body and the headers of no error, whoever made it', () => {
    const places = new Map(
      [...answers].map(([where, all]): [string, string] => [`an answer of ${where}`, bodiesOf(all)]),
    );
    for (const [where, all] of answers) {
      const headers = all.flatMap(({ headers: of }) => [...of].map(([name, value]) => `${name}: ${value}`));
      places.set(`a header of ${where}`, headers.join('\n'));
    }
    expect(sightings(places)).toEqual([]);
  });

  test('a canary is in no answer to bytes that are no request', () => {
    expect(sightings(new Map([['an answer', bodiesOf(raw)]]))).toEqual([]);
    expect(raw.length).toBeGreaterThan(8);
  });

  test('a canary is nowhere in the log, the tables, the files, the metrics, the readiness and the audit export', async () => {
    const places = await everyPlace(service);
    expect([...places.keys()]).toEqual(expect.arrayContaining(['log', 'table audit', 'file countersign.db-wal']));
    expect(places.get('metrics')).toContain('countersign_decisions_total');
    expect(sightings(places)).toEqual([]);
  });

  test('a canary in any form, planted in any place, would be found', async () => {
    const places = await everyPlace(service);
    const planted = canary('planted');
    const forms = [planted, planted.toUpperCase(), Buffer.from(`x=${planted}`).toString('base64'), hex64('r')];
    for (const [place, content] of places) {
      for (const form of forms) {
        expect(sightings(new Map([[place, `${content}${form}`]])), `${form} in ${place}`).toHaveLength(1);
      }
    }
  });

  test('a canary is nowhere in the files once the service has stopped and written what waited', async () => {
    await service.stop();
    const places = placesOf(service);
    expect(places.get('table audit')).toContain('request.refused');
    expect(sightings(places)).toEqual([]);
  });
});

/** Heads and bodies that are refused before there is a request, or while it is read. */
function unreadable(): readonly (readonly [what: string, bytes: string])[] {
  const c = (what: string) => canary(`bytes: ${what}`);
  const head = (what: string, line = 'POST /v1/account/tokens') =>
    `${line} HTTP/1.1\r\nHost: x\r\nCookie: a=${c(what)}\r\nAuthorization: Bearer ${canaryJwt(`bytes: ${what}`)}\r\nConnection: close\r\n`;
  return [
    ['no request at all', `${c('line')} ${c('line')}\r\n\r\n`],
    ['a method', `${c('method')} /v1/auth HTTP/1.1\r\nHost: x\r\n\r\n`],
    ['a version', `GET /v1/auth HTTP/${c('version')}\r\nHost: x\r\n\r\n`],
    ['an absolute target', `${head('absolute', `GET http://${c('absolute')}/v1/orders`)}\r\n`],
    ['a target with escapes', `${head('escapes', `GET /v1/%2e%2e/${c('escapes')}`)}\r\n`],
    ['a long target', `${head('long', `GET /v1/orders?x=${c('long').repeat(200)}`)}\r\n`],
    ['a line without a colon', `${head('no colon')}${c('no colon')}\r\n\r\n`],
    ['a control character', `${head('control')}X: ${c('control')}\u0001\r\n\r\n`],
    ['two hosts', `${head('two hosts')}Host: ${c('two hosts')}\r\n\r\n`],
    ['two bearers', `${head('two bearers')}Authorization: Bearer ${c('two bearers')}\r\n\r\n`],
    ['a length that is none', `${head('length')}Content-Length: ${c('length')}\r\n\r\n`],
    ['a chunk that is none', `${head('chunk')}Transfer-Encoding: chunked\r\n\r\n${c('chunk')}\r\n`],
    ['a coding that is none', `${head('coding')}Transfer-Encoding: ${c('coding')}\r\n\r\n`],
    ['large headers', `${head('large')}X: ${c('large').repeat(400)}\r\n\r\n`],
    ['a large body', `${head('body')}Content-Length: 99999\r\n\r\n${c('body')}`],
  ];
}

describe('a failure of ours whose text holds what a client sent', () => {
  // Any text that a library, a database or a runtime may put into an error.
  const text = (where: string) =>
    `cannot read Bearer ${canaryJwt(where)} with ${JSON.stringify({ signature: [starkSignature], password: canary(where) })}, ` +
    `private key ${privateKey} or ${numberOf('r')}; Cookie: session=${canary(where)}`;

  /** One service through which failures go: a clock that fails within each route, and a database that quotes what it refuses. */
  async function failEverywhere(options: { redact?: (line: string) => string }) {
    let failure: string | undefined;
    const wall = () => {
      if (failure !== undefined) throw new Error(failure, { cause: new Error(failure) });
      return BigInt(Date.now()) * 1_000_000n;
    };
    const service = await startService({ ...options, time: { wall, monotonic: () => performance.now() } });
    const trader = starkTrader();
    await onboard(service.url, trader);
    const session = await mainSession(service.url, trader);
    const wallet = walletTrader();
    await onboardWallet(service.url, wallet);
    const answers: Answer[] = [];
    for (const { method, path } of ours) {
      failure = text(`the failing clock of ${method} ${path}`);
      answers.push(await call(service.url, method, path.replaceAll(/\{[a-z_]+\}/g, 'x'), { bearer: session }));
      failure = undefined;
    }
    quoteWhatIsRefused(service);
    const { publicKey } = createStarkKey(randomStarkPrivateKey());
    const proof = registrationProof(curve, trader.key, trader.account, publicKey, newWindow());
    const body = { name: 'bot', public_key: publicKey, ...proof };
    answers.push(await call(service.url, 'POST', '/v1/account/keys/subkeys', { bearer: session, body }));
    const message = siweText({
      domain: SIWE_DOMAIN,
      address: wallet.wallet.address,
      statement: 'Paradex Auth',
      chainId: L1_CHAIN_ID,
      nonce: canary('a nonce'),
      issuedAt: new Date(),
      expirationTime: new Date(Date.now() + 300_000),
    });
    const headers = walletHeaders(wallet.wallet, wallet.account, message);
    answers.push(await call(service.url, 'POST', '/v2/auth', { headers }));
    const signature: Secrets = new Map(
      proof.signature.map((half, index) => [`half ${index} of the registration`, formsOfNumber(BigInt(half))]),
    );
    const search = (places: ReadonlyMap<string, string>) => [...sightings(places), ...findings(signature, places)];
    const places = await everyPlace(service);
    await service.stop();
    return {
      statuses: answers.map(({ status }) => status),
      inErrors: search(new Map([['an error', bodiesOf(answers)]])),
      log: places.get('log'),
      found: search(places),
    };
  }

  function quoteWhatIsRefused({ folder }: Service): void {
    const database = new DatabaseSync(join(folder, 'data', 'countersign.db'));
    for (const [name, column] of [
      ['audit', 'detail'],
      ['siwe_nonce', 'nonce'],
    ]) {
      const quote = `select raise(abort, 'no room for ' || new.${column})`;
      database.exec(`create trigger quote_${name} before insert on ${name} begin ${quote}; end`);
    }
    database.close();
  }

  test('a failure of ours whose text holds what a client sent tells the caller nothing of it, and the log everything but the secrets', async () => {
    const { statuses, inErrors, log, found } = await failEverywhere({});
    expect(statuses).toEqual([...ours.map(() => 500), 503, 503]);
    expect(inErrors).toEqual([]);
    expect(log).toMatch(/"event":"failed".*cannot read Bearer \[redacted\]/);
    expect(log).toMatch(/"event":"change_not_written".*no room for/);
    expect(found).toEqual([]);
  });

  test('a failure of ours whose text holds what a client sent is found in the log by the same search when redaction is off, and in no other place', async () => {
    const { inErrors, found } = await failEverywhere({ redact: (line) => line });
    expect(inErrors).toEqual([]);
    const some = ['r in log', 'private key in log', 'half 0 of the registration in log', 'a nonce in log'];
    expect(found).toEqual(expect.arrayContaining([...some, 'an encoded canary in log']));
    expect(found.filter((one) => one.startsWith('the failing clock')).length).toBeGreaterThan(ours.length);
    expect(found.filter((one) => !one.endsWith(' in log'))).toEqual([]);
  });
});
