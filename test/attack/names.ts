// One name, one meaning: members, headers and request lines that another reader would take for something else than was checked.
import { connect } from 'node:net';
import { readAnswer } from '../support/raw-http.ts';
import { call } from '../support/trader.ts';
import type { Body, Owner } from './owner.ts';
import type { Tally } from './tally.ts';
import type { OwnServer, Target } from './target.ts';

type Change = (order: Body) => string;

const json = (order: Body, more: Body): string => JSON.stringify({ ...order, ...more });
/** Members as text, put before the others or behind them: what JSON.stringify would write once, twice or not at all. */
const inFront =
  (members: string): Change =>
  (order) =>
    JSON.stringify(order).replace('{', `{${members},`);

/** Second names of members, signed ones and others, in the spellings that some reader takes for the same. */
const otherSpellings: readonly [string, unknown][] = [
  ['onBehalfOfAccount', '0x1'],
  ['on-behalf-of-account', '0x1'],
  ['orderId', '1'],
  ['signatureTimestamp', 1],
  ['SignatureTimestamp', 1],
  ['SIZE', '9'],
  ['Size', '9'],
  ['size ', '9'],
  ['size\u0000', '9'],
  ['s_ize', '9'],
  ['\uff53ize', '9'],
  ['\u017fize', '9'],
  ['mar\u212aet', 'ETH-USD-PERP'],
  ['clientId', 'a'],
  ['reduceOnly', true],
  ['triggerPrice', '1'],
];

const changes: readonly Change[] = [
  ...otherSpellings.map(
    ([name, value]): Change =>
      (order) =>
        json(order, { [name]: value }),
  ),
  // Instead of the name that was checked, which is then absent.
  ({ signature_timestamp, ...order }) => json(order, { signatureTimestamp: signature_timestamp }),
  ({ size, ...order }) => json(order, { Size: size }),
  ...['__proto__', 'constructor', 'prototype', '__Proto__'].map((name) => inFront(`"${name}":{"size":"9"}`)),
  inFront('"size":"9"'),
  inFront('"s\\u0069ze":"9"'),
  inFront('"__pr\\u006fto__":{"size":"9"}'),
  (order) => `\ufeff${JSON.stringify(order)}`,
  (order) => `${JSON.stringify(order)}{}`,
  (order) => JSON.stringify(order).replace('"size"', "'size'"),
  (order) => `[${JSON.stringify(order)}]`,
];

export async function attackMembers(target: Target, owner: Owner, tally: Tally): Promise<void> {
  const plain = await send(target, owner, JSON.stringify(owner.order()));
  // Nothing that follows would mean anything, did an order in order not pass.
  tally.tried(plain.status < 300, () => `an order in order: ${plain.status} ${plain.text}`);
  target.own?.venue.takeArrived();
  for (const change of changes) {
    const body = change(owner.order());
    const answer = await send(target, owner, body);
    const reached = target.own?.venue.takeArrived().length ?? 0;
    tally.tried(answer.status === 400 && reached === 0, () => `${answer.status} to ${body.slice(0, 120)}`);
  }
}

const bodiesOfOurs = [
  '{"name":"x","NAME":"y"}',
  '{"name":"x","name":"y"}',
  '{"name":"x","constructor":{}}',
  '{"name":"x","__proto__":{"expiry_seconds":1}}',
  '{"n\\u0061me":"x"}',
  '\ufeff{"name":"x"}',
  '{"name":"x"}{}',
  '{"name":"\\ud800"}',
  '{"name":"x","allowed_cidrs":["203.0.113.0/24"],"allowedCidrs":[]}',
];

/** Bodies of our own routes with two readings make nothing. */
export async function attackOwnBodies({ url }: Target, owner: Owner, tally: Tally): Promise<void> {
  for (const body of bodiesOfOurs) {
    const { status } = await call(url, 'POST', '/v1/account/tokens', { bearer: owner.session, body });
    tally.tried(status === 400, () => `${status} to ${body}`);
  }
}

const send = (target: Target, owner: Owner, body: string) =>
  call(target.url, 'POST', '/v1/orders', { bearer: owner.session, body });

/** Names by which other proxies tell who somebody is, where from, or what is really asked. */
const identities = [
  'Remote-User',
  'Remote_User',
  'X-Remote-User',
  'X-Forwarded-User',
  'X-Auth-Request-User',
  'X-Auth-Request-Email',
  'X-MS-Client-Principal',
  'X-MS-Client-Principal-Id',
  'X-Goog-Authenticated-User-Email',
  'X-Amzn-Oidc-Identity',
  'Cf-Access-Authenticated-User-Email',
  'X-SSL-Client-Cert',
  'X-Client-Cert',
  'Ssl-Client-Verify',
  'X-User-Id',
  'X-Account-Id',
  'X-Api-Key',
  'X-Role',
  'X-Admin',
  'X-Countersign-Account',
  'Countersign-Account',
  'Countersign_Account',
  'COUNTERSIGN-UPSTREAM-SECRET',
  'X-Real-IP',
  'X_Real_IP',
  'Forwarded',
  'X-Forwarded-Host',
  'X-Original-URL',
  'X-HTTP-Method-Override',
];
const FORGED = 'forged-by-the-attack';

export async function attackHeaders(target: Target, { venue }: OwnServer, owner: Owner, tally: Tally): Promise<void> {
  for (const name of identities) {
    venue.takeArrived();
    await call(target.url, 'GET', '/v1/balance', { bearer: owner.session, headers: { [name]: FORGED } });
    const arrived = venue.takeArrived();
    const passed = arrived.some(({ headers }) => JSON.stringify(headers).includes(FORGED));
    tally.tried(arrived.length === 1 && !passed, () => `${name} reached the venue, or nothing did`);
  }
}

const requestLines = [
  'GET /v1/system/time',
  'GET /v1/system/time HTTP/0.9',
  'GET /v1/system/time HTTP/2.0',
  'GET /v1/system/time HTTP/1.2',
  'GET /v1/system/time HTTP/3',
  'GET /v1/system/time RTSP/1.0',
  'GET /v1/system/time ICE/1.0',
  'GET /v1/system/time http/1.1',
  'GET\t/v1/system/time HTTP/1.1',
  'GET /v1/system/time HTTP/1.1 HTTP/1.1',
  'DESCRIBE /v1/system/time RTSP/1.0',
  'SOURCE /v1/system/time ICE/1.0',
  'PRI * HTTP/2.0',
  'CONNECT 127.0.0.1:22 HTTP/1.1',
  'GET http://127.0.0.1/v1/system/time HTTP/1.1',
  'GET /v1/%73ystem/time HTTP/1.1',
  'GET /v1//system/time HTTP/1.1',
  'GET /v1/./system/time HTTP/1.1',
  'GET /v1/x/../system/time HTTP/1.1',
  'GET /v1/system\\time HTTP/1.1',
  'GET /v1/system/time;a HTTP/1.1',
  'TRACE /v1/system/time HTTP/1.1',
  'HEAD /v1/markets HTTP/1.1',
];

export async function attackRequestLines({ host, port }: Target, tally: Tally): Promise<void> {
  for (const line of requestLines) {
    const socket = connect({ host, port });
    try {
      socket.write(`${line}\r\nHost: x\r\nConnection: close\r\n\r\n`);
      const { status } = await readAnswer(socket);
      tally.tried(status >= 400 && status < 500, () => `${status} to ${JSON.stringify(line)}`);
    } catch {
      // Closed without a word is a refusal, too.
      tally.tried(true);
    } finally {
      socket.destroy();
    }
  }
}
