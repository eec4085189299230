// What the client library promises, against a real server, in any JavaScript that has fetch and WebCrypto: this file and what it imports name
// nothing of Node.js. Whoever runs it starts the server and reads the outcomes.
import * as library from '../../src/client/main.ts';
import { createWallet } from '../../src/client/wallet.ts';

const { createClient, starkKey, subkey, wallet, device, bearer, isCode, randomPrivateKey } = library;

export interface Outcome {
  readonly step: string;
  /** Undefined: it went as it must. */
  readonly problem: string | undefined;
}

export interface Ground {
  readonly url: string;
  /** A domain that the server accepts in messages of wallets. */
  readonly siweDomain: string;
  /** An address that is nobody's here, as a list of one. */
  readonly elsewhere: string;
}

const MARKET = 'BTC-USD-PERP';
const order = {
  market: MARKET,
  side: 'BUY',
  type: 'LIMIT',
  size: '0.01',
  price: '20000',
  instruction: 'GTC',
  client_id: 'mine',
} as const;

function same(actual: unknown, wanted: unknown, what: string): void {
  const text = (value: unknown) =>
    JSON.stringify(value, (_, member) => (typeof member === 'bigint' ? `${member}n` : member));
  if (text(actual) !== text(wanted)) throw new Error(`${what}: ${text(actual)}, and not ${text(wanted)}`);
}
function holds(condition: boolean, what: string): void {
  if (!condition) throw new Error(what);
}
async function refused(call: Promise<unknown>, code: library.ErrorCode): Promise<library.CountersignError> {
  const error = await call.then(
    () => new Error(`allowed, and not ${code}`),
    (error: unknown) => error,
  );
  if (isCode(error, code)) return error;
  throw error;
}
async function all<T>(list: AsyncIterable<T>): Promise<T[]> {
  const rows: T[] = [];
  for await (const row of list) rows.push(row);
  return rows;
}

function fail(problem: string): never {
  throw new Error(problem);
}
const publicKeyOf = (privateKey: string): string => starkKey(privateKey).signer?.publicKey ?? fail('no public key');

/** Asks again while the answer is this refusal: what was refused is written once a second. */
async function until<T>(call: () => Promise<T>, code: library.ErrorCode): Promise<T> {
  const end = Date.now() + 20_000;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!isCode(error, code) || Date.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** A wallet with a key, asked as a browser's is. `asked` counts the signatures. */
function newWallet(chainId = 11_155_111) {
  const { address, personalSign } = createWallet(randomPrivateKey());
  const counts = { asked: 0 };
  const provider: library.Eip1193Provider = {
    async request({ method, params = [] }) {
      if (method === 'eth_requestAccounts') return [address];
      if (method === 'eth_chainId') return `0x${chainId.toString(16)}`;
      if (method !== 'personal_sign') throw Object.assign(new Error('unsupported'), { code: -32601 });
      counts.asked += 1;
      const hex = String(params[0]).slice(2);
      const bytes = Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
      return personalSign(new TextDecoder().decode(bytes));
    },
  };
  return { provider, address, counts };
}

/** The steps, in order: each builds on those before it. */
export function conformance({ url, siweDomain, elsewhere }: Ground) {
  const mainKey = randomPrivateKey();
  const owner = createClient({ url, auth: starkKey(mainKey) });
  const nobody = createClient({ url });
  const person = newWallet();
  const walletOwner = createClient({ url, auth: wallet(person.provider, { domain: siweDomain }) });
  let bot: library.Client | undefined;
  let botKey = '';
  let seen: library.Client | undefined;
  const botClient = (): library.Client => bot ?? fail('no bot');
  const deviceClient = (): library.Client => seen ?? fail('no device');

  const steps: Readonly<Record<string, () => Promise<void>>> = {
    'without auth: the clock, the configuration, what the server is, and the account of a key': async () => {
      const time = await nobody.account.time();
      holds(Math.abs(time.getTime() - Date.now()) < 60_000, 'the clock is far off');
      same((await nobody.account.config()).l1_chain_id, '11155111', 'chain');
      holds((await nobody.account.about()).version !== '', 'no version');
      const { address, exists } = await nobody.account.of({ public_key: publicKeyOf(mainKey) });
      same([address, exists], [await owner.account.address(), false], 'the account before it is made');
    },

    'starkKey: the account is made known, and again, and told what it is': async () => {
      await refused(owner.account.self(), 'NOT_ONBOARDED');
      await owner.account.onboard();
      await owner.account.onboard();
      const self = await owner.account.self();
      same([self.kind, self.account], ['main', await owner.account.address()], 'self');
      same(typeof self.server_time, 'bigint', 'server_time');
    },

    'tokens: made, read, renamed, restricted, replaced, ended, with a receipt where something ends': async () => {
      const { value: made, receipt } = await owner.tokens.create({ name: 'dashboard', expiry_duration: 3600 });
      same(receipt, undefined, 'the receipt of a create');
      const id = made.api_token.lookup_id;
      const read = createClient({ url, auth: bearer(made.token) });
      same((await read.account.self()).kind, 'token', 'the kind of a token');
      await refused(read.request({ method: 'POST', path: '/v1/orders', body: order }), 'INVALID_TOKEN_SCOPE');
      same((await owner.tokens.rename(id, 'tax')).value.name, 'tax', 'the name');
      const narrowed = await owner.tokens.restrict(id, [elsewhere]);
      same([narrowed.value.allowed_cidrs, narrowed.receipt?.nodes], [[elsewhere], 1], 'the list');
      const error = await refused(read.account.self(), 'IP_NOT_ALLOWED');
      holds(error.requestId !== undefined, 'a refusal without its request id');
      same(library.sentenceOf(error), "Your address is not in this key's list.", 'the sentence');
      await owner.tokens.restrict(id, []);
      const { value: next } = await owner.tokens.rotate(id, { overlap_seconds: 60 });
      same([next.api_token.name, next.api_token.replaces, next.replaced.lookup_id], ['tax', id, id], 'the successor');
      same((await owner.tokens.get(id)).replaced_by, next.api_token.lookup_id, 'replaced_by');
      await owner.tokens.revoke(id);
      same((await owner.tokens.revoke(id)).value, { lookup_id: id }, 'a repeated end');
      await refused(read.account.self(), 'UNAUTHORIZED_ERROR');
      same(
        (await all(owner.tokens.list())).map(({ name }) => name),
        ['tax'],
        'the live ones',
      );
      same((await all(owner.tokens.list({ ended: true, limit: 1 }))).length, 2, 'all of them, page by page');
      const { results, next: cursor } = await owner.tokens.list({ ended: true, limit: 1 }).page();
      same(
        [results.length, (await owner.tokens.list({ ended: true, limit: 1 }).page(cursor)).next],
        [1, null],
        'pages',
      );
    },

    'subkeys: made with its key, registered by its public key, read, renamed, restricted, ended': async () => {
      const { value } = await owner.subkeys.create({ name: 'maker', expires_in: 86_400 });
      holds(/^0x[0-9a-f]{64}$/.test(value.private_key), 'no 64 digits');
      same([value.subkey.name, value.subkey.state], ['maker', 'active'], 'the subkey');
      botKey = value.private_key;
      bot = createClient({ url, auth: subkey(botKey, await owner.account.address()) });
      const { public_key } = value.subkey;
      same((await owner.subkeys.get(public_key)).public_key, public_key, 'the same');
      const other = await owner.subkeys.register({ name: 'other', public_key: publicKeyOf(randomPrivateKey()) });
      same((await owner.subkeys.rename(other.value.public_key, 'spare')).value.name, 'spare', 'the name');
      await owner.subkeys.restrict(other.value.public_key, [elsewhere]);
      const ended = await owner.subkeys.revoke(other.value.public_key);
      same([ended.value.public_key, ended.receipt?.nodes], [other.value.public_key, 1], 'the end');
      same(
        (await all(owner.subkeys.list())).map(({ name }) => name),
        ['maker'],
        'the live ones',
      );
      same((await all(owner.subkeys.list({ ended: true }))).length, 2, 'all of them');
    },

    'subkey: signs in, places, changes and cancels an order, and makes no key': async () => {
      const client = botClient();
      same((await client.account.self()).kind, 'subkey', 'the kind');
      const body = await client.signOrder(order);
      const placed = await client.request<{ readonly id: string }>({ method: 'POST', path: '/v1/orders', body });
      same(placed.status, 201, 'placed');
      const { id } = placed.body;
      const change = await client.signModify({ ...order, id, size: '0.02' });
      same((await client.request({ method: 'PUT', path: `/v1/orders/${id}`, body: change })).status, 200, 'changed');
      same((await client.request({ method: 'DELETE', path: `/v1/orders/${id}` })).status, 204, 'cancelled');
      await refused(client.tokens.create({ name: 'more' }), 'INVALID_TOKEN_SCOPE');
    },

    'a signer of its own: the key stays where it is, and only signs': async () => {
      const made = await library.newDeviceKey();
      same(made.privateKey.extractable, false, 'a device key that can be read out');
      const elsewhereKey = randomPrivateKey();
      const keeper = starkKey(elsewhereKey);
      const auth: library.Auth = { ...keeper, account: (server) => keeper.account(server) };
      const client = createClient({ url, auth });
      await client.account.onboard();
      same((await client.account.self()).kind, 'main', 'the kind');
    },

    'wallet: the account is made known, signs in, and registers a subkey with one signature more': async () => {
      await walletOwner.account.onboard();
      same((await walletOwner.account.self()).kind, 'evm', 'the kind');
      const before = person.counts.asked;
      await walletOwner.subkeys.create({ name: 'of the wallet' });
      same(person.counts.asked - before, 1, 'signatures of one registration');
    },

    'device: added by the owner, sees, ends, makes nothing, and adds a subkey by the signature of the owner':
      async () => {
        const key = await library.newDeviceKey({ extractable: true });
        const { value: added } = await owner.devices.add({ name: 'this browser', public_key: key.public_key });
        const account = await owner.account.address();
        const client = createClient({ url, auth: device({ id: added.id, account, key }) });
        seen = client;
        same((await client.account.self()).kind, 'device', 'the kind');
        const kept = JSON.parse(JSON.stringify(await library.exportedDeviceKey(key)));
        const again = createClient({ url, auth: device({ id: added.id, key: kept }) });
        same(await again.account.address(), account, 'the account of a device that was kept');
        await refused(client.tokens.create({ name: 'no' }), 'INVALID_TOKEN_SCOPE');
        const { value } = await client.subkeys.create({ name: 'by hand' }, { owner: starkKey(mainKey) });
        same((await client.subkeys.revoke(value.subkey.public_key)).receipt?.nodes, 1, 'the receipt');
        same(
          (await all(client.devices.list())).map(({ name }) => name),
          ['this browser'],
          'the devices',
        );
      },

    'a hand-off is taken once, opens to the key of its link, and is refused damaged': async () => {
      const { value } = await owner.subkeys.handOff({ name: 'phone', console_url: 'https://keys.venue.example' });
      same(value.subkey.state, 'pending', 'the state');
      const at = value.link.length - 5;
      const damaged = value.link.slice(0, at) + (value.link[at] === 'A' ? 'B' : 'A') + value.link.slice(at + 1);
      await nobody.subkeys.takeHandOff(damaged).then(
        () => fail('a damaged code was taken'),
        () => undefined,
      );
      const taken = await nobody.subkeys.takeHandOff(value.link);
      same(taken.public_key, value.subkey.public_key, 'the key');
      const phone = createClient({ url, auth: subkey(taken.private_key, taken.account) });
      same((await phone.account.self()).credential, taken.public_key, 'the phone');
      const second = await refused(nobody.subkeys.takeHandOff(value.link), 'SUBKEY_ALREADY_ACTIVATED');
      holds(library.sentenceOfTaking(second).startsWith('This code was used already'), 'the sentence of a used code');
      const ended = await owner.subkeys.handOff({ name: 'never', console_url: 'http://localhost:1' });
      await owner.subkeys.revoke(ended.value.subkey.public_key);
      await refused(nobody.subkeys.takeHandOff(ended.value.link), 'SUBKEY_NOT_ACTIVATABLE');
    },

    'activity, usage and explain: what happened, by name, and why something was refused': async () => {
      const client = deviceClient();
      const rows = await all(client.activity.list({ outcome: 'changes', action: ['subkey.registered'] }));
      holds(rows.length >= 3 && rows.every(({ action }) => action === 'subkey.registered'), 'the registrations');
      same([typeof rows[0]?.at, typeof rows[0]?.id], ['bigint', 'bigint'], 'the types of a row');
      holds(Array.isArray(await all(client.usage.list())), 'no usage');
      const error = await refused(botClient().tokens.create({ name: 'more' }), 'INVALID_TOKEN_SCOPE');
      const explained = await until(() => client.explain(error.requestId ?? ''), 'NOT_FOUND');
      same([explained.reason, explained.credential.kind], ['permission_missing', 'subkey'], 'the explanation');
      same(library.explainInWords(explained).headline, 'Not allowed for this kind of key', 'the headline');
      await refused(botClient().explain(error.requestId ?? ''), 'INVALID_TOKEN_SCOPE');
    },

    'errors: no connection, a stop and a deadline are told apart, and say nothing of a key': async () => {
      const away = createClient({ url: 'http://127.0.0.1:9', auth: starkKey(mainKey), retries: 0 });
      const lost = await away.account.time().catch((error: unknown) => error);
      holds(lost instanceof library.NoAnswer, `no NoAnswer: ${lost}`);
      const stopped = await nobody.account.time({ signal: AbortSignal.abort() }).catch((error: unknown) => error);
      holds(stopped instanceof library.Aborted, `no Aborted: ${stopped}`);
      const said = `${lost} ${stopped} ${lost instanceof Error ? lost.stack : ''}`;
      holds(!said.includes(mainKey.slice(10)), 'an error says the key');
    },

    'a main key of a wallet is derived from two equal signatures': async () => {
      // Published: paradex.js, tests/account.test.ts.
      const address = '0xc6D5a3c98EC9073B54FA0969957Bd582e8D874bf';
      const signature =
        '0xb36430558d085400678ff7f40ca92d99a80a980047d01f0851004da6d2081db76767f6e39825ce932d131f8af0a286244ae7dd9bf1b3b520bef91ecacf5706691b';
      const walletOf = (shown: string): library.Eip1193Provider => ({
        request: async ({ method }) => {
          if (method === 'eth_requestAccounts') return [shown];
          return method === 'eth_signTypedData_v4' ? signature : '0xaa36a7';
        },
      });
      const { private_key, exists } = await library.starkKeyOfWallet(walletOf(address), nobody.account);
      same(
        [private_key, exists],
        ['0x0643b17fd3d0c403b8214af3439adbff6d8359e034de6c7d46b4ab5696c461de', false],
        'the key',
      );
      const another = await library.starkKeyOfWallet(walletOf(person.address), nobody.account).catch((error) => error);
      holds(another instanceof library.WalletRefused, `a signature of another address gave a key: ${another}`);
    },

    'a leak is reported, a device is ended, and everything ends at once': async () => {
      const { value } = await owner.tokens.create({ name: 'leaked' });
      await nobody.account.reportLeak(value.token);
      await refused(createClient({ url, auth: bearer(value.token) }).account.self(), 'UNAUTHORIZED_ERROR');
      const [only] = await all(deviceClient().devices.list());
      same((await owner.devices.end(only?.id ?? '')).value, { id: only?.id ?? '' }, 'the end of a device');
      const { value: ended, receipt } = await owner.account.revokeAll();
      same([ended.subkeys.some(({ name }) => name === 'maker'), receipt?.nodes], [true, 1], 'what ended');
      same(typeof ended.valid_after, 'bigint', 'valid_after');
      await refused(
        createClient({ url, auth: subkey(botKey, await owner.account.address()) }).account.self(),
        'INVALID_SUBKEY',
      );
      // No session can be had now: the signature of the owner ends what may have begun since.
      const again = createClient({ url, auth: starkKey(mainKey) });
      holds((await again.account.signOutEverywhere()).value.valid_after >= ended.valid_after, 'signed out');
    },
  };
  return steps;
}

/** Runs every step, and goes on after one that failed. */
export async function conform(ground: Ground): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const [step, run] of Object.entries(conformance(ground))) {
    const problem = await run().then(
      () => undefined,
      (error: unknown) =>
        error instanceof Error ? `${error.name}: ${error.message} ${'code' in error ? error.code : ''}` : String(error),
    );
    outcomes.push({ step, problem });
  }
  return outcomes;
}
