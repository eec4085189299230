// The story the demo tells: one account, its three credentials, and what each may and may not do. All keys are made here and
// forgotten with the process; nothing but public keys and signatures ever leaves it.
import { type OrderTerms, orderBody, orderTermsHash } from '../../client/order.ts';
import { loginHeaders, onboardingHeaders, registrationProof, windowFrom } from '../../client/sign-in.ts';
import { createStarkKey, randomStarkPrivateKey, type StarkKey } from '../../client/stark-key.ts';
import { type Felt, parseFelt } from '../../domain/felt.ts';
import { starknetAccountAddress } from '../../starknet/address.ts';
import { scureCurve } from '../../starknet/curve.ts';
import { createMessageHasher, type MessageHasher } from '../../starknet/message.ts';
import { type DemoRequest, textAt, Unexpected } from './exchange.ts';
import { answered, refused, type Scene } from './scene.ts';

/** Within what any server accepts: registration signatures at most 600 s (docs/wire.md section 6), logins 10 min on a hardened one. */
const SIGNED_FOR_SECONDS = 300;
const TOKEN_SECONDS = 600;
/** RFC 5737 TEST-NET-3: addresses from which nobody calls. */
const ELSEWHERE = '203.0.113.0/24';

/** Plays all steps. Throws StepFailed at the first that is not as it should be, and NoAnswer when nobody answers at all. */
export async function tellStory({ step, play }: Scene): Promise<void> {
  step({ title: 'Read what signatures depend on', expected: '200' });
  const settings = await play(
    { method: 'GET', path: '/v1/system/config' },
    'chain id, class hashes',
    answered([200], settingsOf, ({ chainId }) => chainId),
  );

  const { hasher } = settings;
  const [mainKey, subkey, stranger] = [newKey(), newKey(), newKey()];
  const account = starknetAccountAddress(scureCurve, mainKey.publicKey, settings);
  const subkeyPath = `/v1/account/keys/subkeys/${subkey.publicKey}`;

  const signingWindow = () => windowFrom(Date.now(), SIGNED_FOR_SECONDS);
  const login = (path: string, signer: StarkKey): DemoRequest => ({
    method: 'POST',
    path,
    headers: loginHeaders(hasher, signer, account, signingWindow()),
  });
  const subkeyLogin = (): DemoRequest => login(`/v1/auth/${subkey.publicKey}`, subkey);
  const registration = (bearer: string, publicKey: Felt, signer: StarkKey): DemoRequest => ({
    method: 'POST',
    path: '/v1/account/keys/subkeys',
    bearer,
    body: {
      name: 'demo bot',
      public_key: publicKey,
      ...registrationProof(scureCurve, signer, account, publicKey, signingWindow()),
    },
  });
  const newToken = (bearer: string): DemoRequest => ({
    method: 'POST',
    path: '/v1/account/tokens',
    bearer,
    body: { name: 'demo dashboard', expiry_duration: TOKEN_SECONDS },
  });
  const balance = (bearer: string): DemoRequest => ({ method: 'GET', path: '/v1/balance', bearer });
  const self = (bearer: string): DemoRequest => ({ method: 'GET', path: '/countersign/v1/self', bearer });

  step({ title: 'Onboard a new account', expected: '200' });
  await play(
    {
      method: 'POST',
      path: '/v1/onboarding',
      headers: onboardingHeaders(hasher, mainKey, account),
      body: { public_key: mainKey.publicKey },
    },
    `${account}, main key signs`,
    done(200),
  );

  step({ title: 'Log in', expected: '200, a session of the main key' });
  const mainSession = await play(login('/v1/auth', mainKey), 'main key signs', session);
  await play(self(mainSession), 'main session', kind('main', account));

  step({ title: 'Read the balance and a market', expected: '200' });
  await play(balance(mainSession), 'main session', funds);
  const { market, size } = await play(
    { method: 'GET', path: '/v1/markets' },
    'anyone',
    answered([200], firstMarket, (first) => first.market),
  );
  const limitBuy = (terms: OrderTerms): OrderTerms => {
    try {
      orderTermsHash(scureCurve, hasher, account, terms, 0);
      return terms;
    } catch (error) {
      throw new Unexpected('the market or an amount cannot be signed', { cause: error });
    }
  };
  const toBuy = await play(
    { method: 'GET', path: `/v1/bbo/${encodeURIComponent(market)}` },
    'anyone',
    answered(
      [200],
      (body) => limitBuy({ market, side: 'BUY', type: 'LIMIT', size, price: textAt(body, 'bid') }),
      ({ price }) => `bid ${price}`,
    ),
  );
  const toBuyWords = `buy ${toBuy.size} at ${toBuy.price}`;
  const order = (bearer: string): DemoRequest => ({
    method: 'POST',
    path: '/v1/orders',
    bearer,
    body: { ...orderBody(scureCurve, hasher, subkey, account, toBuy, Date.now()), instruction: 'GTC' },
  });

  step({ title: 'Make a read-only token', expected: '200, a token' });
  const minutes = TOKEN_SECONDS / 60;
  const token = await play(newToken(mainSession), `main session, for ${minutes} min`, createdToken);

  step({ title: 'Read with it', expected: '200' });
  await play(balance(token.bearer), 'token', funds);
  await play(self(token.bearer), 'token', kind('token', account));

  step({ title: 'Try to order and to make a token with it', expected: '403', check: 'permission' });
  await play(order(token.bearer), `token, ${toBuyWords}`, outOfScope);
  await play(newToken(token.bearer), 'token', outOfScope);

  step({ title: 'Register a subkey', expected: '201' });
  const own = `${subkey.publicKey}, main key signs`;
  await play(registration(mainSession, subkey.publicKey, mainKey), own, done(201));

  step({ title: 'Log in with it', expected: '200, a session of the subkey' });
  const subkeySession = await play(subkeyLogin(), 'subkey signs', session);
  await play(self(subkeySession), 'subkey session', kind('subkey', account));

  step({ title: 'Place an order and cancel it', expected: '201, 204' });
  const orderId = await play(order(subkeySession), `subkey session, ${toBuyWords}`, text('id', 200, 201));
  const orderPath = `/v1/orders/${encodeURIComponent(orderId)}`;
  await play({ method: 'DELETE', path: orderPath, bearer: subkeySession }, 'subkey session', done(200, 204));

  step({ title: 'Try to withdraw and to make a token with it', expected: '403', check: 'permission' });
  const withdrawal = { kind: 'WITHDRAWAL', token: 'USDC', amount: '10', recipient: account };
  await play(
    { method: 'POST', path: '/v1/transfers', bearer: subkeySession, body: withdrawal },
    'subkey session, 10 USDC',
    outOfScope,
  );
  await play(newToken(subkeySession), 'subkey session', outOfScope);

  step({ title: 'Bind the subkey to another network, and free it', expected: '403 until freed', check: 'allowlist' });
  const bind = (cidrs: readonly string[]): DemoRequest => ({
    method: 'PUT',
    path: `${subkeyPath}/allowed-cidrs`,
    bearer: mainSession,
    body: { allowed_cidrs: cidrs },
  });
  await play(bind([ELSEWHERE]), ELSEWHERE, done(200));
  await play(balance(subkeySession), 'the session from before', elsewhere);
  await play(subkeyLogin(), 'a new login', elsewhere);
  await play(bind([]), 'anywhere', done(200));
  await play(balance(subkeySession), 'the session from before', funds);

  step({ title: 'Revoke both, and nobody else', expected: '401 from the next request on', check: 'revocation' });
  const revoke = (path: string): DemoRequest => ({ method: 'DELETE', path, bearer: mainSession });
  await play(revoke(`/v1/account/tokens/${encodeURIComponent(token.lookupId)}`), 'main session', done(200));
  await play(balance(token.bearer), 'token', dead);
  await play(revoke(subkeyPath), 'main session', done(200));
  await play(balance(subkeySession), 'the session from before', dead);
  await play(subkeyLogin(), 'a new login', refused(401, 'INVALID_SUBKEY'));
  await play(balance(mainSession), 'main session', funds);

  step({ title: 'Try forged signatures', expected: '401', check: 'signature' });
  await play(login('/v1/auth', stranger), 'a stranger signs', forged);
  await play(login(`/v1/auth/${mainKey.publicKey}`, stranger), 'a stranger signs', forged);
  await play(registration(mainSession, newKey().publicKey, stranger), 'a stranger signs', forged);
}

const newKey = (): StarkKey => createStarkKey(randomStarkPrivateKey());

const outOfScope = refused(403, 'INVALID_TOKEN_SCOPE');
const elsewhere = refused(403, 'IP_NOT_ALLOWED');
const dead = refused(401, 'UNAUTHORIZED_ERROR');
const forged = refused(401, 'STARKNET_SIGNATURE_VERIFICATION_FAILED');

const done = (...statuses: readonly number[]) => answered(statuses, () => undefined);

const text = (member: string, ...statuses: readonly number[]) =>
  answered(
    statuses.length === 0 ? [200] : statuses,
    (body) => textAt(body, member),
    (value) => `${member} ${value}`,
  );

const session = text('jwt_token');

const createdToken = answered(
  [200],
  (body) => ({ bearer: textAt(body, 'token'), lookupId: textAt(body, 'api_token', 'lookup_id') }),
  ({ bearer }) => `token ${bearer}`,
);

const funds = answered(
  [200],
  (body) => `${textAt(body, 'results', 0, 'size')} ${textAt(body, 'results', 0, 'token')}`,
  (amount) => amount,
);

function kind(expected: string, account: string) {
  return answered(
    [200],
    (body) => {
      if (textAt(body, 'kind') !== expected) throw new Unexpected(`the kind should be ${expected}`);
      if (textAt(body, 'account') !== account) throw new Unexpected('the account should be ours');
      return textAt(body, 'client_ip');
    },
    (clientIp) => `${expected}, from ${clientIp}`,
  );
}

function settingsOf(body: unknown) {
  const chainId = textAt(body, 'starknet_chain_id');
  return {
    chainId,
    hasher: hasherOf(chainId),
    accountHash: feltAt(body, 'paraclear_account_hash'),
    proxyHash: feltAt(body, 'paraclear_account_proxy_hash'),
  };
}

function hasherOf(chainId: string): MessageHasher {
  try {
    // The domain name is the one setting that clients cannot read anywhere: all of them sign "Paradex" (docs/wire.md section 2).
    return createMessageHasher(scureCurve, { domainName: 'Paradex', chainId });
  } catch (error) {
    throw new Unexpected('the chain id cannot be signed', { cause: error });
  }
}

function feltAt(body: unknown, name: string): Felt {
  const felt = parseFelt(textAt(body, name));
  if (felt === undefined) throw new Unexpected(`${name} should be a hex number`);
  return felt;
}

// The smallest order of the first market that the venue lists.
const firstMarket = (body: unknown) => ({
  market: textAt(body, 'results', 0, 'symbol'),
  size: textAt(body, 'results', 0, 'order_size_increment'),
});
