// What an operator decides (docs/configuration.md): each switch in both positions. `usual` runs with every default, `turned` with all
// of them the other way.
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createStarkKey } from '../../src/client/stark-key.ts';
import { unixSeconds } from '../../src/domain/time.ts';
import { createMessageHasher } from '../../src/starknet/message.ts';
import { curve } from '../support/curve.ts';
import {
  call,
  createToken,
  hasher,
  loginHeaders,
  onboard,
  onboardingHeaders,
  starkTrader,
  walletTrader,
} from '../support/trader.ts';
import {
  addSubkey,
  claimsOf,
  expectRefusal,
  expectSuccess,
  loginOf,
  newOwner,
  newStarkKey,
  newWalletOwner,
  type Owner,
  postLogin,
  postSubkey,
  postWallet,
  proofFor,
  registrationBody,
  type SiweOptions,
  SUBKEYS,
  sessionIn,
  siweOf,
  startWorld,
  stateOf,
  subkeySession,
  TOKENS,
  type World,
  windowOf,
} from '../support/world.ts';

const OTHER_CHAIN = 'PRIVATE_SN_PARACLEAR_TESTNET';
const otherHasher = createMessageHasher(curve, { domainName: 'Paradex', chainId: OTHER_CHAIN });

// Whom the closed service admits: a main key, an account address and a wallet.
const listedByKey = starkTrader();
const listedByAddress = starkTrader();
const listedWallet = walletTrader();

let usual: World;
let turned: World;
let owner: Owner;
let turnedOwner: Owner;

beforeAll(async () => {
  usual = await startWorld();
  turned = await startWorld({
    settings: {
      'subkeys.require_signature': 'false',
      'subkeys.reregister_revoked': 'true',
      'subkeys.may_set_leverage': 'true',
      'subkeys.max_live': '2',
      'tokens.max_live': '1',
      'tokens.may_read_keys': 'true',
      'terminal_token.enabled': 'true',
      'wire.starknet_chain_id': OTHER_CHAIN,
      'wire.l1_chain_id': '31337',
      'siwe.domains': 'venue.example',
      'login.max_age': '1200',
      'login.future_tolerance': '0',
      'login.plain_subkey': 'false',
      'onboarding.allowlist': `${listedByKey.key.publicKey},${listedByAddress.account},${listedWallet.wallet.address}`,
      'onboarding.siwe_issued_at_required': 'true',
      'jwt.issuer': 'https://venue.example',
    },
  });
  owner = await newOwner(usual);
  const answer = await onboardTurned(listedByKey);
  expect(answer.status, answer.text).toBe(200);
  turnedOwner = { ...listedByKey, session: sessionIn(await loginTurned(listedByKey.key)) };
});
afterAll(async () => {
  await usual.stop();
  await turned.stop();
});

const onboardTurned = ({ key, account }: typeof listedByKey) =>
  call(turned.url, 'POST', '/v1/onboarding', {
    headers: onboardingHeaders(otherHasher, key, account),
    body: { public_key: key.publicKey },
  });
const loginTurned = (key: typeof listedByKey.key, window = windowOf(turned), path?: string) =>
  postLogin(turned, loginHeaders(otherHasher, key, listedByKey.account, window), path);
/** A subkey of the turned service, through the path form: the only one it has. */
const turnedSubkeySession = async (subkey: typeof listedByKey.key) =>
  sessionIn(await loginTurned(subkey, windowOf(turned), subkey.publicKey));
const turnedDelete = (path: string) => call(turned.url, 'DELETE', path, { bearer: turnedOwner.session });

describe('subkeys.require_signature', () => {
  const bare = (key: typeof listedByKey.key) => ({ name: 'bare', public_key: key.publicKey });

  test("subkeys.require_signature on: a registration without the owner's signature is refused", async () => {
    const answer = await postSubkey(usual, owner.session, bare(newStarkKey()));
    expectRefusal(answer, 400, 'INVALID_REQUEST_PARAMETER');
  });

  test('subkeys.require_signature off: a registration without a signature is accepted; one that is present is verified all the same', async () => {
    const subkey = newStarkKey();
    expectSuccess(await postSubkey(turned, turnedOwner.session, bare(subkey)), 201);
    const refusals: readonly (readonly [object, number, string])[] = [
      [
        proofFor(turned, { ...turnedOwner, key: subkey }, subkey.publicKey),
        401,
        'STARKNET_SIGNATURE_VERIFICATION_FAILED',
      ],
      [{ signature: ['1', '2'] }, 400, 'INVALID_REQUEST_PARAMETER'],
      [{ signature: ['x', 'y'], signature_timestamp: 1, signature_expiry: 2 }, 400, 'INVALID_STARKNET_SIGNATURE'],
      [proofFor(turned, turnedOwner, subkey.publicKey, windowOf(turned, { life: 601 })), 400, 'INVALID_TIMESTAMP'],
      [{ siwe_message: 'x', evm_signature: '0x' }, 400, 'INVALID_REQUEST_PARAMETER'],
    ];
    for (const [proof, status, code] of refusals) {
      const answer = await postSubkey(turned, turnedOwner.session, { ...bare(newStarkKey()), ...proof });
      expectRefusal(answer, status, code);
    }
    expect(await turnedSubkeySession(subkey)).toMatch(/^ey/);
    expect((await turnedDelete(`${SUBKEYS}/${subkey.publicKey}`)).status).toBe(200);
  });

  test('subkeys.require_signature off: the registration of a wallet needs no signature; one that is present is verified all the same', async () => {
    const options = { chainId: 31_337, domain: 'venue.example' };
    const siwe = (statement: string, more: SiweOptions = {}) =>
      siweOf(turned, listedWallet, statement, { ...options, ...more });
    const onboarded = await postWallet(
      turned,
      '/v2/onboarding',
      listedWallet,
      siwe('Paradex Onboarding', { life: 0 }),
      {
        body: { public_key: listedWallet.wallet.publicKey },
      },
    );
    expect(onboarded.status, onboarded.text).toBe(200);
    const session = sessionIn(await postWallet(turned, '/v2/auth', listedWallet, siwe('Paradex Auth')));
    const subkey = newStarkKey();
    const stranger = walletTrader();
    const message = siwe(`Paradex Subkey Registration: ${subkey.publicKey}`);
    const wrong = { siwe_message: message, evm_signature: stranger.wallet.personalSign(message) };
    expectRefusal(await postSubkey(turned, session, { ...bare(subkey), ...wrong }), 401, 'ETHEREUM_SIGNER_MISMATCH');
    const stark = { signature: ['1', '2'], signature_timestamp: 1, signature_expiry: 2 };
    expectRefusal(await postSubkey(turned, session, { ...bare(subkey), ...stark }), 400, 'INVALID_REQUEST_PARAMETER');
    expectSuccess(await postSubkey(turned, session, bare(subkey)), 201);
  });
});

describe('starknet_chain_id', () => {
  test('starknet_chain_id is the one that signatures are made for, and a signature is worth nothing under another', async () => {
    const published = async (world: World) =>
      (await call(world.url, 'GET', '/v1/system/config')).json.starknet_chain_id;
    expect([await published(usual), await published(turned)]).toEqual(['PRIVATE_SN_POTC_MOCK_SEPOLIA', OTHER_CHAIN]);
    const crossed = await postLogin(turned, loginOf(turned, turnedOwner.key, turnedOwner.account));
    expectRefusal(crossed, 401, 'STARKNET_SIGNATURE_VERIFICATION_FAILED');
    const back = await postLogin(usual, loginHeaders(otherHasher, owner.key, owner.account, windowOf(usual)));
    expectRefusal(back, 401, 'STARKNET_SIGNATURE_VERIFICATION_FAILED');
  });

  test('starknet_chain_id of a mainnet needs a switch of its own', async () => {
    const starknet_chain_id = 'PRIVATE_SN_PARACLEAR_MAINNET';
    await expect(startWorld({ settings: { 'wire.starknet_chain_id': starknet_chain_id } })).rejects.toThrow(
      'allow_mainnet',
    );
    const mainnet = await startWorld({
      settings: { 'wire.starknet_chain_id': starknet_chain_id, 'wire.allow_mainnet': 'true' },
    });
    const { json } = await call(mainnet.url, 'GET', '/v1/system/config');
    await mainnet.stop();
    expect(json.starknet_chain_id).toBe(starknet_chain_id);
  });
});

describe('login.max_age, login.future_tolerance', () => {
  test('login.max_age of twenty minutes bounds a login instead of a week, inclusive', async () => {
    expectSuccess(await loginTurned(turnedOwner.key, windowOf(turned, { life: 1200 })), 200);
    const answer = await loginTurned(turnedOwner.key, windowOf(turned, { life: 1201 }));
    expectRefusal(answer, 400, 'INVALID_BLOCK_EXPIRATION');
    expectSuccess(
      await postLogin(usual, loginOf(usual, owner.key, owner.account, windowOf(usual, { life: 1201 }))),
      200,
    );
  });

  test('login.max_age holds for wallets, too, where it is less than their ten minutes', async () => {
    const own = await startWorld({ settings: { 'login.max_age': '400' } });
    onTestFinished(() => own.stop());
    const wallet = await newWalletOwner(own);
    const signIn = (life: number) => postWallet(own, '/v2/auth', wallet, siweOf(own, wallet, 'Paradex Auth', { life }));
    expectRefusal(await signIn(401), 400, 'INVALID_BLOCK_EXPIRATION');
    expectSuccess(await signIn(400), 200);
  });

  test('login.max_age of twenty minutes bounds a login without an expiration instead of thirty', async () => {
    const login = (age: number) => {
      const { timestamp } = windowOf(turned, { age });
      const { account, key } = turnedOwner;
      const hash = otherHasher.loginHash({
        account,
        timestamp: unixSeconds(timestamp),
        expiration: unixSeconds(timestamp + 1200),
      });
      return postLogin(turned, {
        'PARADEX-STARKNET-ACCOUNT': account,
        'PARADEX-STARKNET-SIGNATURE': JSON.stringify(key.sign(hash)),
        'PARADEX-TIMESTAMP': String(timestamp),
      });
    };
    expectSuccess(await login(1199), 200);
    expectRefusal(await login(1200), 400, 'INVALID_BLOCK_EXPIRATION');
  });

  test('login.future_tolerance of none accepts no clock ahead of ours, instead of 30 seconds', async () => {
    expectSuccess(await loginTurned(turnedOwner.key), 200);
    expectRefusal(await loginTurned(turnedOwner.key, windowOf(turned, { age: -1 })), 400, 'INVALID_TIMESTAMP');
    expectSuccess(await postLogin(usual, loginOf(usual, owner.key, owner.account, windowOf(usual, { age: -1 }))), 200);
  });
});

describe('login.plain_subkey', () => {
  test('login.plain_subkey on: a subkey logs in without its key in the path, as a subkey', async () => {
    const subkey = await addSubkey(usual, owner);
    const answer = await postLogin(usual, loginOf(usual, subkey, owner.account));
    expect(claimsOf(sessionIn(answer)).cs_kind).toBe('subkey');
  });

  test('login.plain_subkey off: a subkey logs in only with its key in the path; the main key still without', async () => {
    const subkey = newStarkKey();
    expect((await postSubkey(turned, turnedOwner.session, { name: 'x', public_key: subkey.publicKey })).status).toBe(
      201,
    );
    expectRefusal(await loginTurned(subkey), 401, 'STARKNET_SIGNATURE_VERIFICATION_FAILED');
    expectSuccess(await loginTurned(subkey, windowOf(turned), subkey.publicKey), 200);
    expectSuccess(await loginTurned(turnedOwner.key), 200);
    expect((await turnedDelete(`${SUBKEYS}/${subkey.publicKey}`)).status).toBe(200);
  });
});

describe('onboarding.open', () => {
  test('onboarding.open on: anyone onboards', async () => {
    await onboard(usual.url, starkTrader());
    await newWalletOwner(usual);
  });

  test('onboarding.open off: whoever is listed by key or address onboards, and nobody else', async () => {
    expectSuccess(await onboardTurned(listedByAddress), 200);
    const stranger = starkTrader();
    expectRefusal(await onboardTurned(stranger), 403, 'ALLOWLIST_ENTRY_NOT_FOUND');
    const query = `account_signer_type=starknet&public_key=${stranger.key.publicKey}`;
    expect((await call(turned.url, 'GET', `/v1/onboarding?${query}`)).json.exists).toBe(false);
    const wallet = walletTrader();
    const message = siweOf(turned, wallet, 'Paradex Onboarding', { life: 0, chainId: 31_337, domain: 'venue.example' });
    const body = { public_key: wallet.wallet.publicKey };
    expectRefusal(
      await postWallet(turned, '/v2/onboarding', wallet, message, { body }),
      403,
      'ALLOWLIST_ENTRY_NOT_FOUND',
    );
  });

  test('onboarding.open off: a listed key must be proven all the same', async () => {
    const headers = onboardingHeaders(hasher, listedByAddress.key, listedByAddress.account);
    const body = { public_key: listedByAddress.key.publicKey };
    const answer = await call(turned.url, 'POST', '/v1/onboarding', { headers, body });
    expectRefusal(answer, 401, 'STARKNET_SIGNATURE_VERIFICATION_FAILED');
  });
});

describe('tokens.max_live, subkeys.max_live', () => {
  test('tokens.max_live and subkeys.max_live allow one token and two subkeys instead of twenty each', async () => {
    const token = await createToken(turned.url, turnedOwner.session);
    const another = await call(turned.url, 'POST', TOKENS, { bearer: turnedOwner.session, body: {} });
    expectRefusal(another, 400, 'TOKEN_LIMIT_REACHED');
    expect((await turnedDelete(`${TOKENS}/${token.lookupId}`)).status).toBe(200);

    const subkeys = [newStarkKey(), newStarkKey(), newStarkKey()];
    const statuses = [];
    for (const { publicKey } of subkeys) {
      statuses.push((await postSubkey(turned, turnedOwner.session, { name: 'x', public_key: publicKey })).status);
    }
    expect(statuses).toEqual([201, 201, 400]);
    for (const { publicKey } of subkeys.slice(0, 2))
      expect((await turnedDelete(`${SUBKEYS}/${publicKey}`)).status).toBe(200);

    for (let i = 0; i < 2; i += 1) await createToken(usual.url, owner.session);
    for (let i = 0; i < 3; i += 1) await addSubkey(usual, owner);
  });
});

describe('subkeys.reregister_revoked', () => {
  test('subkeys.reregister_revoked off: a revoked key is never a subkey again', async () => {
    const subkey = await addSubkey(usual, owner);
    await call(usual.url, 'DELETE', `${SUBKEYS}/${subkey.publicKey}`, { bearer: owner.session });
    const fresh = proofFor(usual, owner, subkey.publicKey, windowOf(usual, { life: 300 }));
    const answer = await postSubkey(usual, owner.session, { name: 'again', public_key: subkey.publicKey, ...fresh });
    expectRefusal(answer, 400, 'INVALID_SUBKEY');
  });

  test('subkeys.reregister_revoked on: a revoked key is another credential; sessions of the first stay dead, and its signature stays used', async () => {
    const subkey = newStarkKey();
    const body = registrationBody(turned, turnedOwner, subkey);
    const path = `${SUBKEYS}/${subkey.publicKey}`;
    const get = async () => (await call(turned.url, 'GET', path, { bearer: turnedOwner.session })).json;
    expect((await postSubkey(turned, turnedOwner.session, body)).status).toBe(201);
    const [first, session] = [await get(), await turnedSubkeySession(subkey)];
    expect((await turnedDelete(path)).status).toBe(200);

    const replay = await postSubkey(turned, turnedOwner.session, body);
    expectRefusal(replay, 401, 'SIGNATURE_ALREADY_USED');
    const fresh = proofFor(turned, turnedOwner, subkey.publicKey, windowOf(turned, { life: 300 }));
    expect((await postSubkey(turned, turnedOwner.session, { ...body, ...fresh })).status).toBe(201);

    const second = await get();
    expect([first.state, second.state]).toEqual(['active', 'active']);
    expect(second.id).toBeGreaterThan(first.id);
    expect(await stateOf(turned, session)).toBe('401 UNAUTHORIZED_ERROR');
    expect(await stateOf(turned, await turnedSubkeySession(subkey))).toBe('alive');
    const listed = await call(turned.url, 'GET', `${SUBKEYS}?with_revoked=true`, { bearer: turnedOwner.session });
    const rows = listed.json.results.filter((row: { public_key: string }) => row.public_key === subkey.publicKey);
    expect(rows.map(({ id, state }: { id: number; state: string }) => [id, state])).toEqual([
      [first.id, 'revoked'],
      [second.id, 'active'],
    ]);
    expect((await turnedDelete(path)).status).toBe(200);
    expect(await stateOf(turned, await mainAgain())).toBe('alive');
  });

  const mainAgain = async () => sessionIn(await loginTurned(turnedOwner.key));
});

describe('subkeys.may_set_leverage', () => {
  const margin = '/v1/account/margin/BTC-USD-PERP';
  const setMargin = (world: World, bearer: string) => call(world.url, 'POST', margin, { bearer, body: {} });

  test('subkeys.may_set_leverage lets a subkey set leverage when on, and nothing else of the account; a token never may', async () => {
    const before = usual.service.venue.total();
    const session = await subkeySession(usual, owner.account, await addSubkey(usual, owner));
    expectRefusal(await setMargin(usual, session), 403, 'INVALID_TOKEN_SCOPE');
    expect(usual.service.venue.total()).toBe(before);

    const subkey = newStarkKey();
    expect((await postSubkey(turned, turnedOwner.session, { name: 'x', public_key: subkey.publicKey })).status).toBe(
      201,
    );
    const allowed = await turnedSubkeySession(subkey);
    const total = turned.service.venue.total();
    expect((await setMargin(turned, allowed)).status).not.toBe(403);
    expect(turned.service.venue.total()).toBe(total + 1);
    const other = await call(turned.url, 'POST', '/v1/account/profile/username', { bearer: allowed, body: {} });
    expectRefusal(other, 403, 'INVALID_TOKEN_SCOPE');
    const { token, lookupId } = await createToken(turned.url, turnedOwner.session);
    expectRefusal(await setMargin(turned, token), 403, 'INVALID_TOKEN_SCOPE');
    expect(turned.service.venue.total()).toBe(total + 1);
    for (const path of [`${TOKENS}/${lookupId}`, `${SUBKEYS}/${subkey.publicKey}`])
      expect((await turnedDelete(path)).status).toBe(200);
  });
});

describe('tokens.may_read_keys', () => {
  test('tokens.may_read_keys lets a token read the lists of keys when on, and change nothing', async () => {
    const lists = [TOKENS, SUBKEYS];
    const { token } = await createToken(usual.url, owner.session);
    for (const path of lists)
      expectRefusal(await call(usual.url, 'GET', path, { bearer: token }), 403, 'INVALID_TOKEN_SCOPE');

    const reader = await createToken(turned.url, turnedOwner.session);
    for (const path of lists) expectSuccess(await call(turned.url, 'GET', path, { bearer: reader.token }), 200);
    const path = `${TOKENS}/${reader.lookupId}`;
    expectRefusal(await call(turned.url, 'DELETE', path, { bearer: reader.token }), 403, 'INVALID_TOKEN_SCOPE');
    expect((await turnedDelete(path)).status).toBe(200);
  });
});

test('terminal_token.enabled off: the route answers that it is off; on: it answers that the session must be interactive', async () => {
  const ask = (world: World, bearer: string) => call(world.url, 'POST', '/v1/account/terminal-token', { bearer });
  expectRefusal(await ask(usual, owner.session), 403, 'REQUEST_NOT_ALLOWED');
  expectRefusal(await ask(turned, turnedOwner.session), 403, 'INVALID_TOKEN_SCOPE');
});

describe('siwe.domains, l1_chain_id', () => {
  test('siwe.domains and l1_chain_id are what wallets sign for, and no other', async () => {
    const wallet = await newWalletOwner(usual);
    const login = (world: World, trader: typeof listedWallet, options: SiweOptions) =>
      postWallet(world, '/v2/auth', trader, siweOf(world, trader, 'Paradex Auth', options));
    const failed = 'EVM_SIGNATURE_VERIFICATION_FAILED';
    expectSuccess(await login(usual, wallet, {}), 200);
    expectRefusal(await login(usual, wallet, { domain: 'venue.example' }), 401, failed);
    expectRefusal(await login(usual, wallet, { chainId: 31_337 }), 401, failed);

    const theirs = { domain: 'venue.example', chainId: 31_337 };
    expectSuccess(await login(turned, listedWallet, theirs), 200);
    expectRefusal(await login(turned, listedWallet, { chainId: 31_337 }), 401, failed);
    expectRefusal(await login(turned, listedWallet, { domain: 'venue.example' }), 401, failed);
    // The names of our own port are there only while the list is the default.
    const domain = `127.0.0.1:${turned.port}`;
    expectRefusal(await login(turned, listedWallet, { ...theirs, domain, uri: `http://${domain}` }), 401, failed);
    expect((await call(turned.url, 'GET', '/v1/system/config')).json.l1_chain_id).toBe('31337');
  });
});

test('onboarding.siwe_issued_at_required refuses a message without Issued At when on', async () => {
  const post = (world: World, options: SiweOptions) => {
    const message = siweOf(world, listedWallet, 'Paradex Onboarding', { life: 0, ...options }).replace(
      /\nIssued At: .*$/,
      '',
    );
    return postWallet(world, '/v2/onboarding', listedWallet, message, {
      body: { public_key: listedWallet.wallet.publicKey },
    });
  };
  expectSuccess(await post(usual, {}), 200);
  expectRefusal(await post(turned, { domain: 'venue.example', chainId: 31_337 }), 400, 'INVALID_TIMESTAMP');
});

test('jwt.issuer makes a bearer of one service none of another', async () => {
  expect([claimsOf(owner.session).iss, claimsOf(turnedOwner.session).iss]).toEqual([
    'countersign',
    'https://venue.example',
  ]);
  expect(await stateOf(turned, owner.session)).toBe('401 UNAUTHORIZED_ERROR');
  expect(await stateOf(usual, turnedOwner.session)).toBe('401 UNAUTHORIZED_ERROR');
});

test("the owners of the tests of settings are alive to the end, and a key made elsewhere is nobody's", async () => {
  expect([await stateOf(usual, owner.session), await stateOf(turned, turnedOwner.session)]).toEqual(['alive', 'alive']);
  const stranger = createStarkKey('0x77');
  expectRefusal(await loginTurned(stranger), 401, 'STARKNET_SIGNATURE_VERIFICATION_FAILED');
});
