// Every call of the client library that may wait, each with the least it needs; and a fetch and a wallet that stop answering when told.
import { randomUUID } from 'node:crypto';
import type { Fetch } from '../../src/client/exchange.ts';
import { handOffLink } from '../../src/client/hand-off.ts';
import type { CallOptions, List } from '../../src/client/list.ts';
import * as library from '../../src/client/main.ts';
import { createStarkKey } from '../../src/client/stark-key.ts';
import { createWallet } from '../../src/client/wallet.ts';
import { parseFelt } from '../../src/domain/felt.ts';

const { randomPrivateKey } = library;
const never = new Promise<never>(() => undefined);

export interface EveryCall {
  run(client: library.Client, options: CallOptions): Promise<unknown>;
  /** What `maybeMade` of it names when its answer is lost. */
  readonly makes?: 'token' | 'subkey' | 'device';
  /** What it asks is what others ask before their own request. */
  readonly own?: string;
  /** No session is to be had: what is signed in its place is tried. */
  readonly isLocked?: true;
}

async function all<T>(list: List<T>): Promise<T[]> {
  const rows: T[] = [];
  for await (const row of list) rows.push(row);
  return rows;
}

const publicKey = createStarkKey('0x5').publicKey;
const account = parseFelt('0x1') ?? publicKey;
const link = handOffLink({ account, publicKey, ephemeralKey: randomPrivateKey() }, 'https://keys.venue.example');
const order = { market: 'BTC-USD-PERP', side: 'BUY', type: 'LIMIT', size: '1', price: '1' } as const;
const name = 'a name';
const deviceKey = { kty: 'EC', crv: 'P-256', x: 'x', y: 'y' } as const;

/** By the path of the method in a client, or the name that main.ts exports; what follows a space tells two of one method apart. */
export const everyCall: Readonly<Record<string, EveryCall>> = {
  request: { run: (client, options) => client.request({ method: 'GET', path: '/v1/orders', ...options }) },
  'request of an order': {
    run: (client, options) => client.request({ method: 'POST', path: '/v1/orders', body: {}, ...options }),
  },
  signOrder: { run: (client, options) => client.signOrder(order, options) },
  signModify: { run: (client, options) => client.signModify({ ...order, id: '1' }, options) },
  explain: { run: (client, options) => client.explain('id', options) },
  'account.self': { run: (client, options) => client.account.self(options) },
  'account.about': { run: (client, options) => client.account.about(options) },
  'account.config': { run: (client, options) => client.account.config(options) },
  'account.time': { own: 'GET /v1/system/time', run: (client, options) => client.account.time(options) },
  'account.of': {
    own: 'GET /v1/onboarding',
    run: (client, options) => client.account.of({ public_key: publicKey }, options),
  },
  'account.address': { run: (client, options) => client.account.address(options) },
  'account.onboard': { run: (client, options) => client.account.onboard(options) },
  'account.session': { run: (client, options) => client.account.session(options) },
  'account.signOutEverywhere': { run: (client, options) => client.account.signOutEverywhere(options) },
  'account.signOutEverywhere without a session': {
    isLocked: true,
    run: (client, options) => client.account.signOutEverywhere(options),
  },
  'account.revokeAll': { run: (client, options) => client.account.revokeAll(options) },
  'account.revokeAll without a session': {
    isLocked: true,
    run: (client, options) => client.account.revokeAll(options),
  },
  'account.revokeAll of a kind': {
    run: (client, options) => client.account.revokeAll({ kinds: ['token'], ...options }),
  },
  'account.reportLeak': { run: (client, options) => client.account.reportLeak('a.b.c', options) },
  'account.endSelf': { run: (client, options) => client.account.endSelf(options) },
  'tokens.list': { run: (client, options) => all(client.tokens.list(options)) },
  'tokens.list by page': { run: (client, options) => client.tokens.list(options).page() },
  'tokens.get': { run: (client, options) => client.tokens.get('id', options) },
  'tokens.create': { makes: 'token', run: (client, options) => client.tokens.create({ name }, options) },
  'tokens.rotate': { makes: 'token', run: (client, options) => client.tokens.rotate('id', {}, options) },
  'tokens.rename': { run: (client, options) => client.tokens.rename('id', name, options) },
  'tokens.restrict': { run: (client, options) => client.tokens.restrict('id', [], options) },
  'tokens.revoke': { run: (client, options) => client.tokens.revoke('id', options) },
  'subkeys.list': { run: (client, options) => all(client.subkeys.list(options)) },
  'subkeys.get': { run: (client, options) => client.subkeys.get(publicKey, options) },
  'subkeys.create': { makes: 'subkey', run: (client, options) => client.subkeys.create({ name }, options) },
  'subkeys.register': {
    makes: 'subkey',
    run: (client, options) => client.subkeys.register({ name, public_key: publicKey }, options),
  },
  'subkeys.handOff': {
    makes: 'subkey',
    run: (client, options) => client.subkeys.handOff({ name, console_url: 'https://keys.venue.example' }, options),
  },
  'subkeys.takeHandOff': { run: (client, options) => client.subkeys.takeHandOff(link, options) },
  'subkeys.rename': { run: (client, options) => client.subkeys.rename(publicKey, name, options) },
  'subkeys.restrict': { run: (client, options) => client.subkeys.restrict(publicKey, [], options) },
  'subkeys.revoke': { run: (client, options) => client.subkeys.revoke(publicKey, options) },
  'devices.add': {
    makes: 'device',
    run: (client, options) => client.devices.add({ name, public_key: deviceKey }, options),
  },
  'devices.list': { run: (client, options) => all(client.devices.list(options)) },
  'devices.end': { run: (client, options) => client.devices.end('id', options) },
  'activity.list': { run: (client, options) => all(client.activity.list(options)) },
  'usage.list': { run: (client, options) => all(client.usage.list(options)) },
  'usage.addresses': { run: (client, options) => all(client.usage.addresses({ credential: 'subkey:1', ...options })) },
  starkKeyOfWallet: {
    run: (client, options) => library.starkKeyOfWallet(derivingWallet(), client.account, options),
  },
  starkKeySignature: {
    run: (client, options) => library.starkKeySignature(derivingWallet(), client.account, options),
  },
};

/** Functions of main.ts that wait for nobody: no call, no wallet. */
export const localFunctions: readonly string[] = [
  'addressRange',
  'allowsAddress',
  'bearer',
  'coversAddresses',
  'createClient',
  'dateOf',
  'device',
  'explainInWords',
  'exportedDeviceKey',
  'importedDeviceKey',
  'importedPrivateKey',
  'isCode',
  'mainKey',
  'mainKeyOf',
  'mainSigner',
  'newDeviceKey',
  'privateKeysOfSignature',
  'randomPrivateKey',
  'refusalHeadline',
  'sentenceOf',
  'sentenceOfTaking',
  'starkKey',
  'starkKeyMessage',
  'storedAddresses',
  'subkey',
  'subkeySigner',
  'wallet',
];

/** `tokens.list` and the like, of whatever an object has. */
export function methodsOf(object: object, prefix = ''): string[] {
  return Object.entries(object).flatMap(([key, value]) => {
    if (typeof value === 'function') return [`${prefix}${key}`];
    return typeof value === 'object' && value !== null ? methodsOf(value, `${prefix}${key}.`) : [];
  });
}

const json = (status: number, body: unknown): Response =>
  new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } });

/** What is asked before the request itself, and so has changed nothing. */
const preparing = /^GET \/v1\/(?:system\/(?:time|config)|onboarding)$|^POST \/v[12]\/auth\b/;

function answerTo(what: string, isLocked: boolean): Response {
  if (what === 'GET /v1/system/time') return json(200, { server_time: '1800000000000' });
  if (what === 'GET /v1/onboarding') return json(200, { address: '0x1', exists: false });
  if (what === 'GET /v1/system/config') {
    return json(200, {
      starknet_chain_id: 'PRIVATE',
      l1_chain_id: '11155111',
      paraclear_account_hash: '0x1',
      paraclear_account_proxy_hash: '0x1',
      paraclear_evm_account_hash: '0x1',
    });
  }
  if (/^POST \/v[12]\/auth\b/.test(what)) {
    return isLocked
      ? json(403, { error: 'REQUEST_NOT_ALLOWED', message: 'the account is locked', data: null })
      : json(200, { jwt_token: `a.${randomUUID()}.c` });
  }
  return json(200, { results: [], next: null });
}

export interface Stopping<T> {
  readonly it: T;
  /** What was asked, in order. */
  readonly asked: readonly string[];
  /** What is asked from here on is not answered, and what was is now. */
  goOn(): void;
}

/** Answers `before` requests, then no more, heeding no signal: `onStop` is told what it does not answer. */
export function stoppingFetch(
  before: number,
  onStop: (what: string, isPreparing: boolean) => void,
  { isLocked = false }: { readonly isLocked?: boolean | undefined } = {},
): Stopping<Fetch> {
  const asked: string[] = [];
  const held: (() => void)[] = [];
  return {
    asked,
    goOn: () => {
      for (const one of held.splice(0)) one();
    },
    it: (url, init) => {
      const what = `${init?.method} ${new URL(String(url)).pathname}`;
      asked.push(what);
      if (asked.length <= before) return Promise.resolve(answerTo(what, isLocked));
      onStop(what, preparing.test(what));
      return new Promise((resolve) => held.push(() => resolve(answerTo(what, isLocked))));
    },
  };
}

/** A wallet that answers `before` questions, then no more until it goes on. */
export function stoppingWallet(before: number, onStop: () => void): Stopping<library.Eip1193Provider> {
  const { address, personalSign } = createWallet(randomPrivateKey());
  const asked: string[] = [];
  const held: (() => void)[] = [];
  const answer = (method: string, params: readonly unknown[]): unknown => {
    if (method === 'eth_requestAccounts') return [address];
    if (method === 'eth_chainId') return '0xaa36a7';
    return personalSign(Buffer.from(String(params[0]).slice(2), 'hex').toString());
  };
  return {
    asked,
    goOn: () => {
      for (const one of held.splice(0)) one();
    },
    it: {
      request({ method, params = [] }) {
        asked.push(method);
        if (asked.length <= before) return Promise.resolve(answer(method, params));
        onStop();
        return new Promise((resolve) => held.push(() => resolve(answer(method, params))));
      },
    },
  };
}

/** A main key elsewhere, that signs `before` times and then no more. */
export function stoppingSigner(before: number, onStop: () => void): library.Auth {
  const key = createStarkKey(randomPrivateKey());
  let signed = 0;
  return library.mainSigner({
    publicKey: key.publicKey,
    sign(hash) {
      signed += 1;
      if (signed <= before) return key.sign(hash);
      onStop();
      return never;
    },
  });
}

/** Published: paradex.js, tests/account.test.ts. Where `onStop` is given, it never signs. */
export function derivingWallet(onStop?: () => void): library.Eip1193Provider {
  const signature =
    '0xb36430558d085400678ff7f40ca92d99a80a980047d01f0851004da6d2081db76767f6e39825ce932d131f8af0a286244ae7dd9bf1b3b520bef91ecacf5706691b';
  return {
    async request({ method }) {
      if (method === 'eth_requestAccounts') return ['0xc6D5a3c98EC9073B54FA0969957Bd582e8D874bf'];
      if (method === 'eth_chainId') return '0xaa36a7';
      onStop?.();
      return onStop === undefined ? signature : never;
    },
  };
}
