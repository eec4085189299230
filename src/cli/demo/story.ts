// The story the demo tells, with the client library alone: one account, its three credentials, and what each may and may not do. All keys
// are made here and forgotten with the process; nothing but public keys and signatures ever leaves it.
import { type Auth, bearer, type Client, mainSigner, randomPrivateKey, starkKey, subkey } from '../../client/main.ts';
import { type Scene, Unexpected } from './scene.ts';

const TOKEN_SECONDS = 600;
/** RFC 5737 TEST-NET-3: addresses from which nobody calls. */
const ELSEWHERE = '203.0.113.0/24';

/** Plays all steps. Throws StepFailed at the first that is not as it should be, and NoAnswer when nobody answers at all. */
export async function tellStory({ step, play, refused }: Scene, clientOf: (auth?: Auth) => Client): Promise<void> {
  const [mainKey, botKey] = [randomPrivateKey(), randomPrivateKey()];
  const [owner, anyone] = [clientOf(starkKey(mainKey)), clientOf()];
  const balance = (client: Client) => async () => {
    const { body } = await client.request({ method: 'GET', path: '/v1/balance', once: true });
    return `${textAt(body, 'results', 0, 'size')} ${textAt(body, 'results', 0, 'token')}`;
  };
  const self = (client: Client, kind: string) => async () => {
    const { kind: told, account: of, client_ip } = await client.account.self();
    if (told !== kind || of !== account) throw new Unexpected(`it should be a ${kind} of our account`);
    return client_ip;
  };
  const makeToken = (client: Client) => () =>
    client.tokens.create({ name: 'demo dashboard', expiry_duration: TOKEN_SECONDS });

  step({ title: 'Read what signatures depend on', expected: '200' });
  await play('chain id, class hashes', anyone.account.config, ({ starknet_chain_id }) => starknet_chain_id);
  const account = await play('the account of a new main key', owner.account.address);

  step({ title: 'Onboard a new account', expected: '200' });
  await play(`${account}, main key signs`, owner.account.onboard);

  step({ title: 'Log in', expected: '200, a session of the main key' });
  await play('main key signs', owner.account.session, ({ bearer }) => bearer);
  await play('main session', self(owner, 'main'), (from) => `main, from ${from}`);

  step({ title: 'Read the balance and a market', expected: '200' });
  await play('main session', balance(owner));
  const { market, size } = await play(
    'anyone',
    async () => {
      const { body } = await anyone.request({ method: 'GET', path: '/v1/markets' });
      return {
        market: textAt(body, 'results', 0, 'symbol'),
        size: textAt(body, 'results', 0, 'order_size_increment'),
      };
    },
    (first) => first.market,
  );
  const price = await play(
    'anyone',
    async () => {
      const path = `/v1/bbo/${encodeURIComponent(market)}`;
      return textAt((await anyone.request({ method: 'GET', path })).body, 'bid');
    },
    (bid) => `bid ${bid}`,
  );
  const toBuy = { market, side: 'BUY', type: 'LIMIT', size, price } as const;
  const order = (client: Client, signedBy: Client) => async () => {
    const body = { ...(await signed(signedBy)), instruction: 'GTC' };
    return textAt((await client.request({ method: 'POST', path: '/v1/orders', body })).body, 'id');
  };
  const signed = (by: Client) =>
    by.signOrder(toBuy).catch((error: unknown) => {
      throw error instanceof RangeError ? new Unexpected('the market or an amount cannot be signed') : error;
    });

  step({ title: 'Make a read-only token', expected: '200, a token' });
  const minutes = TOKEN_SECONDS / 60;
  const { value: made } = await play(
    `main session, for ${minutes} min`,
    makeToken(owner),
    ({ value }) => `token ${value.token}`,
  );
  const reader = clientOf(bearer(made.token));

  step({ title: 'Read with it', expected: '200' });
  await play('token', balance(reader));
  await play('token', self(reader, 'token'), (from) => `token, from ${from}`);

  step({ title: 'Try to order and to make a token with it', expected: '403', check: 'permission' });
  await refused(`token, buy ${size} at ${price}`, order(reader, owner), 403, 'INVALID_TOKEN_SCOPE');
  await refused('token', makeToken(reader), 403, 'INVALID_TOKEN_SCOPE');

  step({ title: 'Register a subkey', expected: '201' });
  const bot = clientOf(subkey(botKey, account));
  const public_key = publicKeyOf(botKey);
  await play(`${public_key}, main key signs`, () => owner.subkeys.register({ name: 'demo bot', public_key }));

  step({ title: 'Log in with it', expected: '200, a session of the subkey' });
  await play('subkey signs', bot.account.session, (session) => session.bearer);
  await play('subkey session', self(bot, 'subkey'), (from) => `subkey, from ${from}`);

  step({ title: 'Place an order and cancel it', expected: '201, 204' });
  const id = await play(`subkey session, buy ${size} at ${price}`, order(bot, bot), (placed) => `id ${placed}`);
  await play('subkey session', () => bot.request({ method: 'DELETE', path: `/v1/orders/${encodeURIComponent(id)}` }));

  step({ title: 'Try to withdraw and to make a token with it', expected: '403', check: 'permission' });
  const withdrawal = { kind: 'WITHDRAWAL', token: 'USDC', amount: '10', recipient: account };
  const withdraw = () => bot.request({ method: 'POST', path: '/v1/transfers', body: withdrawal });
  await refused('subkey session, 10 USDC', withdraw, 403, 'INVALID_TOKEN_SCOPE');
  await refused('subkey session', makeToken(bot), 403, 'INVALID_TOKEN_SCOPE');

  step({ title: 'Bind the subkey to another network, and free it', expected: '403 until freed', check: 'allowlist' });
  const newLogin = () => clientOf(subkey(botKey, account)).account.session();
  await play(ELSEWHERE, () => owner.subkeys.restrict(public_key, [ELSEWHERE]));
  await refused('the session from before', balance(bot), 403, 'IP_NOT_ALLOWED');
  await refused('a new login', newLogin, 403, 'IP_NOT_ALLOWED');
  await play('anywhere', () => owner.subkeys.restrict(public_key, []));
  await play('the session from before', balance(bot));

  step({ title: 'Revoke both, and nobody else', expected: '401 from the next request on', check: 'revocation' });
  await play('main session', () => owner.tokens.revoke(made.api_token.lookup_id));
  await refused('token', balance(reader), 401, 'UNAUTHORIZED_ERROR');
  await play('main session', () => owner.subkeys.revoke(public_key));
  await refused('the session from before', balance(bot), 401, 'UNAUTHORIZED_ERROR');
  await refused('a new login', newLogin, 401, 'INVALID_SUBKEY');
  await play('main session', balance(owner));

  step({ title: 'Try forged signatures', expected: '401', check: 'signature' });
  const forger = mainSigner({ publicKey: publicKeyOf(mainKey), sign: signerOf(randomPrivateKey()).sign }, { account });
  const another = { name: 'demo bot', public_key: publicKeyOf(randomPrivateKey()) };
  const forged = [401, 'STARKNET_SIGNATURE_VERIFICATION_FAILED'] as const;
  await refused('a stranger signs', clientOf(forger).account.session, ...forged);
  await refused('a stranger signs', () => owner.subkeys.register(another, { owner: forger }), ...forged);
}

function signerOf(privateKey: string) {
  const { signer } = starkKey(privateKey);
  if (signer === undefined) throw new Error('a Stark key signs');
  return signer;
}

const publicKeyOf = (privateKey: string): string => signerOf(privateKey).publicKey;

/** The text at a path of member names and indexes, e.g. `textAt(body, 'results', 0, 'symbol')`. Throws Unexpected. */
function textAt(body: unknown, ...path: readonly (string | number)[]): string {
  let value = body;
  for (const name of path) {
    value =
      typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
  }
  if (typeof value === 'string' && value !== '') return value;
  throw new Unexpected(`the answer has no text ${path.join('.')}`);
}
