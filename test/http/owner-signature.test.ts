// The main key can always press: revoke-all and sign-out-everywhere with the owner's signature instead of a bearer.
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  type EmergencyPurpose,
  emergencyHeaders,
  type SigningWindow,
  walletEmergencyHeaders,
} from '../../src/client/sign-in.ts';
import type { StarkKey } from '../../src/client/stark-key.ts';
import type { AccountId } from '../../src/domain/credential.ts';
import { auditRows, operate } from '../support/operator.ts';
import {
  type Answer,
  call,
  createToken,
  hasher,
  L1_CHAIN_ID,
  SIWE_DOMAIN,
  starkTrader,
  walletHeaders,
  walletTrader,
} from '../support/trader.ts';
import {
  addSubkey,
  changesNothing,
  claimsOf,
  expectRefusal,
  expectSuccess,
  loginOf,
  mainSession,
  newOwner,
  newStarkKey,
  newWalletOwner,
  type Owner,
  postLogin,
  postSubkey,
  postWallet,
  registrationBody,
  sessionIn,
  siweOf,
  startWorld,
  stateOf,
  subkeySession,
  type WalletOwner,
  type World,
  windowOf,
} from '../support/world.ts';

const routes: Readonly<Record<EmergencyPurpose, string>> = {
  revoke_all: '/countersign/v1/revoke-all',
  sign_out: '/countersign/v1/sign-out-everywhere',
};
const purposes = Object.keys(routes) as EmergencyPurpose[];
const other = (purpose: EmergencyPurpose): EmergencyPurpose => (purpose === 'sign_out' ? 'revoke_all' : 'sign_out');
const FAILED = 'STARKNET_SIGNATURE_VERIFICATION_FAILED';
const RECEIPT = ['countersign-revocation'];

let world: World;
let owner: Owner;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());
beforeEach(async () => {
  owner = await newOwner(world);
});

const signed = (
  purpose: EmergencyPurpose,
  { key = owner.key, account = owner.account, window = windowOf(world) }: Signing = {},
) => emergencyHeaders(hasher, key, account, window, purpose);
interface Signing {
  readonly key?: StarkKey;
  readonly account?: AccountId;
  readonly window?: SigningWindow;
}
const press = (purpose: EmergencyPurpose, headers: Record<string, string>, more: object = {}): Promise<Answer> =>
  call(world.url, 'POST', routes[purpose], { headers, ...more });

let nonces = 0;
function walletSigned(by: WalletOwner, purpose: EmergencyPurpose, own?: string, { clock }: World = world) {
  nonces += 1;
  const nonce = own ?? `emergency${nonces}`;
  const issuedAt = clock.date();
  const expirationTime = new Date(issuedAt.getTime() + 300_000);
  const fields = { domain: SIWE_DOMAIN, chainId: L1_CHAIN_ID, nonce, issuedAt, expirationTime };
  return walletEmergencyHeaders(by.wallet, by.account, fields, purpose);
}

describe("the main key's signature without a bearer", () => {
  test('a signature of the main key without a bearer revokes everything, with the receipt and the lists that a bearer gets', async () => {
    const subkey = await addSubkey(world, owner);
    const trading = await subkeySession(world, owner.account, subkey);
    const { token } = await createToken(world.url, owner.session);
    const answer = await press('revoke_all', signed('revoke_all'));
    expectSuccess(answer, 200, RECEIPT);
    expect(answer.headers.get('countersign-revocation')).toMatch(/^nodes=1; ms=\d+; in_flight=0$/);
    expect(answer.json).toMatchObject({
      subkeys: [{ public_key: subkey.publicKey }],
      tokens: [{ name: 'token 2027-01-15' }],
    });
    for (const bearer of [owner.session, trading, token]) {
      expect(await stateOf(world, bearer)).toBe('401 UNAUTHORIZED_ERROR');
    }
  });

  test('a signature of the main key without a bearer signs out everywhere, and ends no token', async () => {
    const { token } = await createToken(world.url, owner.session);
    const answer = await press('sign_out', signed('sign_out'));
    expectSuccess(answer, 200, RECEIPT);
    expect(answer.text).toMatch(/^\{"valid_after":\d{19}\}$/);
    expect(await stateOf(world, owner.session)).toBe('401 UNAUTHORIZED_ERROR');
    expect(await stateOf(world, token)).toBe('alive');
  });

  test('a signature of the main key without a bearer presses again at once when no session can be had: sign-out first, then revoke-all', async () => {
    const subkey = await addSubkey(world, owner);
    const { token } = await createToken(world.url, owner.session);
    const bearer = await call(world.url, 'POST', routes.sign_out, { bearer: owner.session });
    expectSuccess(bearer, 200, RECEIPT);
    const login = await postLogin(world, loginOf(world, owner.key, owner.account));
    expect(expectRefusal(login, 400, 'INVALID_TIMESTAMP')).toContain('sign again in 31 s');
    expect(login.json.data).toMatchObject({ wait_seconds: 31 });
    const answer = await press('revoke_all', signed('revoke_all'));
    expect(answer.json.subkeys).toMatchObject([{ public_key: subkey.publicKey }]);
    expect(await stateOf(world, token)).toBe('401 UNAUTHORIZED_ERROR');
    for (const purpose of purposes) {
      expectSuccess(await press(purpose, signed(purpose, { window: windowOf(world, { life: 60 }) })), 200, RECEIPT);
    }
    world.clock.advance(31);
    expect(sessionIn(await postLogin(world, loginOf(world, owner.key, owner.account)))).toBeTruthy();
  });

  test('a signature of the main key without a bearer revokes everything on an account that is locked', async () => {
    const { token } = await createToken(world.url, owner.session);
    await operate(world.service, 'POST', `/accounts/${owner.account}/lock`);
    expectRefusal(
      await call(world.url, 'POST', routes.revoke_all, { bearer: owner.session }),
      403,
      'REQUEST_NOT_ALLOWED',
    );
    const answer = await press('revoke_all', signed('revoke_all'));
    expect(answer.json.tokens).toHaveLength(1);
    await operate(world.service, 'POST', `/accounts/${owner.account}/unlock`);
    expect(await stateOf(world, token)).toBe('401 UNAUTHORIZED_ERROR');
  });

  test.each(purposes)(
    'a signature of the main key for %s counts once, its twin included, and says when it was used',
    async (purpose) => {
      const headers = signed(purpose);
      const usedAt = world.clock.nanos();
      expectSuccess(await press(purpose, headers), 200, RECEIPT);
      world.clock.advance(1);
      const order = 0x800000000000010ffffffffffffffffb781126dcae7b2321e66a241adc64d2fn;
      const [r, s] = JSON.parse(headers['PARADEX-STARKNET-SIGNATURE'] ?? '[]');
      const twin = { ...headers, 'PARADEX-STARKNET-SIGNATURE': JSON.stringify([r, (order - BigInt(s)).toString()]) };
      for (const again of [headers, twin]) {
        const answer = await press(purpose, again);
        expectRefusal(answer, 401, 'SIGNATURE_ALREADY_USED');
        expect(answer.text).toContain(`"used_at":${usedAt}`);
      }
      // Dead by its own end before it is forgotten.
      world.clock.advance(599);
      expectRefusal(await press(purpose, headers), 400, 'INVALID_BLOCK_EXPIRATION');
    },
  );

  test('two equal signatures of the main key that come at once press once', async () => {
    const headers = signed('sign_out');
    const answers = await Promise.all([press('sign_out', headers), press('sign_out', headers)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401]);
  });

  test.each(purposes)(
    'a signature for %s must be by the main key: no subkey, stranger or other account makes one',
    async (purpose) => {
      const subkey = await addSubkey(world, owner);
      const stranger = await newOwner(world);
      await changesNothing(world, owner.session, async () => {
        for (const key of [subkey, newStarkKey(), stranger.key]) {
          expectRefusal(await press(purpose, signed(purpose, { key })), 401, FAILED);
        }
        const moved = signed(purpose, { key: stranger.key, account: stranger.account });
        expectRefusal(await press(purpose, { ...moved, 'PARADEX-STARKNET-ACCOUNT': owner.account }), 401, FAILED);
        expectRefusal(
          await press(purpose, { ...signed(purpose), 'PARADEX-STARKNET-SIGNATURE': '["0","1"]' }),
          401,
          FAILED,
        );
      });
      const unknown = starkTrader();
      expectRefusal(await press(purpose, signed(purpose, unknown)), 400, 'NOT_ONBOARDED');
    },
  );

  test.each(purposes)(
    'a signature of the main key for %s is worth nothing elsewhere, and no other signature is worth anything there',
    async (purpose) => {
      await changesNothing(world, owner.session, async () => {
        expectRefusal(await press(purpose, loginOf(world, owner.key, owner.account)), 401, FAILED);
        expectRefusal(await press(purpose, signed(other(purpose))), 401, FAILED);
        for (const key of [undefined, owner.key.publicKey]) {
          expectRefusal(await postLogin(world, signed(purpose), key), 401, FAILED);
        }
        const body = registrationBody(world, owner, newStarkKey());
        const headers = signed(purpose);
        const signature = JSON.parse(headers['PARADEX-STARKNET-SIGNATURE'] ?? '[]');
        expectRefusal(await postSubkey(world, owner.session, { ...body, signature }), 401, FAILED);
      });
    },
  );

  test.each<[string, number, string, (purpose: EmergencyPurpose) => Record<string, string>]>([
    ['too far ahead', 400, 'INVALID_TIMESTAMP', (p) => signed(p, { window: windowOf(world, { age: -31 }) })],
    ['expired', 400, 'INVALID_BLOCK_EXPIRATION', (p) => signed(p, { window: windowOf(world, { age: 20, life: 20 }) })],
    ['too long', 400, 'INVALID_BLOCK_EXPIRATION', (p) => signed(p, { window: windowOf(world, { life: 604_801 }) })],
    [
      'other times',
      401,
      FAILED,
      (p) => ({ ...signed(p), 'PARADEX-SIGNATURE-EXPIRATION': String(world.clock.seconds() + 9) }),
    ],
    [
      'without the expiration',
      400,
      'INVALID_REQUEST_PARAMETER',
      (p) => ({ ...signed(p), 'PARADEX-SIGNATURE-EXPIRATION': '' }),
    ],
    [
      'without the account',
      400,
      'INVALID_REQUEST_PARAMETER',
      (p) => ({ ...signed(p), 'PARADEX-STARKNET-ACCOUNT': '' }),
    ],
    [
      'not a signature',
      400,
      'INVALID_STARKNET_SIGNATURE',
      (p) => ({ ...signed(p), 'PARADEX-STARKNET-SIGNATURE': '[]' }),
    ],
    [
      'with a bearer, a bad one too',
      400,
      'INVALID_REQUEST_PARAMETER',
      (p) => ({ ...signed(p), Authorization: 'Bearer x' }),
    ],
    [
      'with that of a wallet',
      400,
      'INVALID_REQUEST_PARAMETER',
      (p) => ({ ...walletSigned({ ...walletTrader(), session: '' }, p), ...signed(p) }),
    ],
  ])('an emergency signature of the main key is refused when it is %s: %d %s', async (_what, status, code, headers) => {
    for (const purpose of purposes) {
      const answer = await changesNothing(world, owner.session, () => press(purpose, headers(purpose)));
      expectRefusal(answer, status, code);
    }
  });

  test('an emergency signature of the main key is good as early and as late as a login is', async () => {
    const early = windowOf(world, { age: -30 });
    expectSuccess(await press('sign_out', signed('sign_out', { window: early })), 200, RECEIPT);
    const late = windowOf(world, { age: 604_799, life: 604_800 });
    expectSuccess(await press('sign_out', signed('sign_out', { window: late })), 200, RECEIPT);
  });

  test('an emergency signature of the main key ends everything: kinds, which it does not cover, are refused by name', async () => {
    const headers = signed('revoke_all');
    await changesNothing(world, owner.session, async () => {
      for (const kinds of [['token'], ['subkey', 'token'], []]) {
        expect(
          expectRefusal(await press('revoke_all', headers, { body: { kinds } }), 400, 'INVALID_REQUEST_PARAMETER'),
        ).toContain('kinds');
      }
    });
    expectSuccess(await press('revoke_all', headers, { body: { kinds: null } }), 200, RECEIPT);
  });

  test('an emergency by signature is told in the audit log as such, and one by bearer as that', async () => {
    await press('sign_out', signed('sign_out'));
    const seconds = world.clock.seconds();
    world.clock.advance(31);
    await call(world.url, 'POST', routes.revoke_all, { bearer: await mainSession(world, owner) });
    const rows = (await auditRows(world.service)).filter(({ account }) => account === owner.account);
    expect(rows.find(({ action }) => action === 'account.signed_out_everywhere')).toMatchObject({
      actor: 'main:main',
      client_ip: '127.0.0.1',
      detail: {
        proof: 'signature',
        signature_timestamp: seconds,
        signature: [expect.stringMatching(/^0x/), expect.stringMatching(/^0x/)],
      },
    });
    expect(rows.find(({ action }) => action === 'account.revoked_all')).toMatchObject({ detail: { proof: 'session' } });
  });

  test('an empty signature header is no signature: a session presses beside it as without it', async () => {
    const headers = { 'PARADEX-STARKNET-SIGNATURE': '', 'PARADEX-EVM-SIGNATURE': '' };
    expectRefusal(await press('revoke_all', headers), 401, 'UNAUTHORIZED_ERROR');
    expectSuccess(await press('revoke_all', headers, { bearer: owner.session }), 200, RECEIPT);
  });

  test('an emergency without any proof is refused as every private route is', async () => {
    for (const purpose of purposes) {
      expect(expectRefusal(await press(purpose, {}), 401, 'UNAUTHORIZED_ERROR')).toBe('missing or malformed jwt');
    }
  });
});

describe("a wallet's message without a bearer", () => {
  let evm: WalletOwner;
  beforeEach(async () => {
    evm = await newWalletOwner(world);
  });

  test.each(purposes)(
    "a wallet's message without a bearer presses %s, once, at once after a sign-out",
    async (purpose) => {
      const { token } = await createToken(world.url, evm.session);
      await call(world.url, 'POST', routes.sign_out, { bearer: evm.session });
      expect(claimsOf(evm.session).cs_kind).toBe('evm');
      const headers = walletSigned(evm, purpose);
      expectSuccess(await press(purpose, headers), 200, RECEIPT);
      expect(await stateOf(world, token)).toBe(purpose === 'revoke_all' ? '401 UNAUTHORIZED_ERROR' : 'alive');
      expectRefusal(await press(purpose, headers), 401, 'SIGNATURE_ALREADY_USED');
    },
  );

  test.each(purposes)(
    "a wallet's message for %s is worth nothing elsewhere, nor is any other there",
    async (purpose) => {
      const wrong = 'EVM_SIGNATURE_VERIFICATION_FAILED';
      const login = walletHeaders(evm.wallet, evm.account, siweOf(world, evm, 'Paradex Auth'));
      for (const headers of [login, walletSigned(evm, other(purpose))]) {
        expectRefusal(await press(purpose, headers), 401, wrong);
      }
      expectRefusal(await call(world.url, 'POST', '/v2/auth', { headers: walletSigned(evm, purpose) }), 401, wrong);
      const message = Buffer.from(walletSigned(evm, purpose)['PARADEX-SIWE-MESSAGE'] ?? '', 'base64').toString();
      expectRefusal(
        await postSubkey(world, evm.session, {
          ...{ name: 'bot', public_key: newStarkKey().publicKey, siwe_message: message },
          evm_signature: evm.wallet.personalSign(message),
        }),
        401,
        wrong,
      );
      expect(await stateOf(world, evm.session)).toBe('alive');
    },
  );

  test.each(purposes)(
    "a wallet's message for %s must be by the wallet of the account: no other wallet, no Stark key",
    async (purpose) => {
      const stranger = await newWalletOwner(world);
      const theirs = { ...walletSigned(stranger, purpose), 'PARADEX-STARKNET-ACCOUNT': evm.account };
      expectRefusal(await press(purpose, theirs), 401, 'ETHEREUM_SIGNER_MISMATCH');
      const message = walletSigned(evm, purpose)['PARADEX-SIWE-MESSAGE'] ?? '';
      const forged = stranger.wallet.personalSign(Buffer.from(message, 'base64').toString());
      const headers = {
        ...walletSigned(evm, purpose),
        'PARADEX-SIWE-MESSAGE': message,
        'PARADEX-EVM-SIGNATURE': forged,
      };
      expectRefusal(await press(purpose, headers), 401, 'ETHEREUM_SIGNER_MISMATCH');
      const subkey = newStarkKey();
      expectRefusal(await press(purpose, signed(purpose, { key: subkey, account: evm.account })), 401, FAILED);
      expectRefusal(
        await press(purpose, { ...walletSigned(evm, purpose), 'PARADEX-STARKNET-ACCOUNT': owner.account }),
        401,
        'ETHEREUM_SIGNER_MISMATCH',
      );
      expect(await stateOf(world, evm.session)).toBe('alive');
    },
  );

  test("a wallet's emergency message with the nonce of a login is used", async () => {
    const nonce = 'usedforalogin';
    sessionIn(await postWallet(world, '/v2/auth', evm, siweOf(world, evm, 'Paradex Auth', { nonce })));
    expectRefusal(await press('sign_out', walletSigned(evm, 'sign_out', nonce)), 401, 'SIGNATURE_ALREADY_USED');
  });
});

describe('a flood', () => {
  test('a flood of wrong emergency signatures from the same address is counted like logins, and does not keep the owner from pressing', async () => {
    const own = await startWorld({ settings: { 'rate_limit.enabled': 'true', 'login/min': '6' } });
    try {
      const victim = await newOwner(own);
      const at = (purpose: EmergencyPurpose, key: StarkKey) =>
        call(own.url, 'POST', routes[purpose], {
          headers: emergencyHeaders(hasher, key, victim.account, windowOf(own), purpose),
        });
      const answers: Answer[] = [];
      for (let i = 0; i < 20; i += 1) answers.push(await at('revoke_all', newStarkKey()));
      const statuses = answers.map(({ status }) => status);
      expect(statuses.slice(0, 5)).toEqual([401, 401, 401, 401, 401]);
      expect(new Set(statuses.slice(5))).toEqual(new Set([429]));
      expect(answers.at(-1)?.headers.get('retry-after')).toMatch(/^\d+$/);
      expect((await postLogin(own, loginOf(own, victim.key, victim.account))).status).toBe(429);
      for (const purpose of purposes) expect((await at(purpose, victim.key)).status).toBe(200);
      expect(await stateOf(own, victim.session)).toBe('401 UNAUTHORIZED_ERROR');
      // A repeat changes nothing, and is counted.
      expect((await at('sign_out', victim.key)).status).toBe(429);
    } finally {
      await own.stop();
    }
  });

  test('a flood of emergencies that an owner signs anew writes no more than the limit lets, and uses up neither a signature nor what others have', async () => {
    const own = await startWorld({
      settings: { 'rate_limit.enabled': 'true', 'emergency/min': '3' },
    });
    try {
      const [by, bystander] = [await newOwner(own), await newOwner(own)];
      const at = ({ key, account }: Pick<Owner, 'key' | 'account'>, purpose: EmergencyPurpose, life: number) =>
        emergencyHeaders(hasher, key, account, windowOf(own, { life }), purpose);
      const send = (purpose: EmergencyPurpose, headers: Record<string, string>) =>
        call(own.url, 'POST', routes[purpose], { headers });
      // Whoever has a session of his cannot use it up.
      for (let i = 0; i < 5; i += 1)
        await call(own.url, 'POST', routes.revoke_all, { bearer: by.session, body: { kinds: [] } });
      const first = at(by, 'sign_out', 600);
      expect((await send('sign_out', first)).status).toBe(200);
      // Nor whoever has seen a signature.
      for (let i = 0; i < 5; i += 1) expectRefusal(await send('sign_out', first), 401, 'SIGNATURE_ALREADY_USED');
      expect((await send('revoke_all', at(by, 'revoke_all', 600))).status).toBe(200);
      expect((await send('sign_out', at(by, 'sign_out', 601))).status).toBe(200);
      const refused = at(by, 'revoke_all', 602);
      const answer = await send('revoke_all', refused);
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '20']);
      expect((await send('revoke_all', at(bystander, 'revoke_all', 600))).status).toBe(200);
      own.clock.advance(20);
      expect((await send('revoke_all', refused)).status).toBe(200);
    } finally {
      await own.stop();
    }
  });

  test.each(purposes)(
    'a long body of an emergency is not read: %s takes 1024 bytes, with a signature or a session',
    async (purpose) => {
      const body = (bytes: number) => ({ note: 'x'.repeat(bytes - '{"note":""}'.length) });
      for (const by of [{ headers: signed(purpose, { key: newStarkKey() }) }, { bearer: owner.session }]) {
        const answer = await call(world.url, 'POST', routes[purpose], { ...by, body: body(1025) });
        expectRefusal(answer, 413, 'PAYLOAD_TOO_LARGE');
      }
      expect(await stateOf(world, owner.session)).toBe('alive');
      expectSuccess(await press(purpose, signed(purpose), { body: body(1024) }), 200, RECEIPT);
    },
  );
});

describe('where the store takes no change', () => {
  test('an emergency signature ends what it covers where the store takes no change, and may be sent again until it is written', async () => {
    const own = await startWorld();
    try {
      const by = await newOwner(own);
      const { token } = await createToken(own.url, by.session);
      const headers = emergencyHeaders(hasher, by.key, by.account, windowOf(own), 'revoke_all');
      const send = () => call(own.url, 'POST', routes.revoke_all, { headers });
      refuseChanges(own, true);
      expectRefusal(await send(), 503, 'SERVICE_UNAVAILABLE');
      for (const bearer of [by.session, token]) expect(await stateOf(own, bearer)).toBe('401 UNAUTHORIZED_ERROR');
      refuseChanges(own, false);
      expect((await send()).json.tokens).toHaveLength(1);
      expectRefusal(await send(), 401, 'SIGNATURE_ALREADY_USED');
    } finally {
      await own.stop();
    }
  });

  test.each(purposes)(
    'a signature for %s that was used ends nothing of what was made since, where the store takes no change',
    async (purpose) => {
      const own = await startWorld();
      try {
        const [stark, evm] = [await newOwner(own), await newWalletOwner(own)];
        const signatures = [
          emergencyHeaders(hasher, stark.key, stark.account, windowOf(own), purpose),
          walletSigned(evm, purpose, undefined, own),
        ];
        const send = (headers: Record<string, string>) => call(own.url, 'POST', routes[purpose], { headers });
        for (const headers of signatures) expectSuccess(await send(headers), 200, RECEIPT);
        own.clock.advance(60);
        const sessions = [
          await mainSession(own, stark),
          sessionIn(await postWallet(own, '/v2/auth', evm, siweOf(own, evm, 'Paradex Auth'))),
        ];
        await whileLocked(own, async () => {
          for (const headers of signatures) expectRefusal(await send(headers), 401, 'SIGNATURE_ALREADY_USED');
        });
        for (const session of sessions) expect(await stateOf(own, session)).toBe('alive');
      } finally {
        await own.stop();
      }
    },
  );
});

/** As a database that another program writes to: no transaction begins. */
async function whileLocked({ service }: World, work: () => Promise<void>): Promise<void> {
  const database = new DatabaseSync(join(service.folder, 'data', 'countersign.db'));
  database.exec('begin immediate');
  try {
    await work();
  } finally {
    database.close();
  }
}

/** As a database that takes no change: every transaction fails. */
function refuseChanges({ service }: World, refuse: boolean): void {
  const database = new DatabaseSync(join(service.folder, 'data', 'countersign.db'));
  const trigger = "create trigger no_change before insert on audit begin select raise(abort, 'no'); end";
  database.exec(refuse ? trigger : 'drop trigger no_change');
  database.close();
}
