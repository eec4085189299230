// What can change between the verification of an order and the moment its head is written.
import { describe, expect, test } from 'vitest';
import type { SignerRefusal } from '../../../src/access/signer.ts';
import { createStarkKey } from '../../../src/client/stark-key.ts';
import { parseIp } from '../../../src/domain/allowlist.ts';
import type { DenyReason } from '../../../src/domain/decision.ts';
import { feltOf } from '../../../src/domain/felt.ts';
import type { Principal } from '../../../src/domain/principal.ts';
import { MAX_JSON_VALUES } from '../../../src/domain/strict-json.ts';
import type { Subkey } from '../../../src/domain/subkey.ts';
import { NEVER, unixNanos, unixSeconds } from '../../../src/domain/time.ts';
import { createOrderCheck, type OrderCheckDeps } from '../../../src/orders/check.ts';
import { createOrderMarks, type OrderMarksOptions } from '../../../src/orders/marks.ts';
import { feltFromText } from '../../../src/starknet/felt.ts';
import { createMessageHasher, hashStruct, orderType } from '../../../src/starknet/message.ts';
import { STARK_CURVE_ORDER, STARK_HASH_BOUND } from '../../../src/starknet/pedersen.ts';
import type { Verifier } from '../../../src/verification/verifier.ts';
import { curve } from '../../support/curve.ts';
import { inlineVerifier, someone } from '../../support/verifier.ts';

const account = feltOf(0xabcn);
const main = createStarkKey('0x1111');
const bot = createStarkKey('0x2222');
const otherBot = createStarkKey('0x3333');
const domain = { domainName: 'Paradex', chainId: 'SN_TEST' };
const hasher = createMessageHasher(curve, domain);
const verifier = inlineVerifier(domain);
const clientIp = parseIp('192.0.2.7');
const START = 1_800_000_000_000;

const session: Principal = {
  credential: { account, kind: 'main', id: 'main' },
  permissions: new Set(['trade']),
  label: account,
  kid: 'kid-1',
  session: 'session-1',
  expiresAt: unixSeconds(2_000_000_000),
  authTime: unixSeconds(1_700_000_000),
  isolated: false,
  tokenUsage: undefined,
};

const subkey: Subkey = {
  account,
  id: 42n,
  publicKey: bot.publicKey,
  name: 'bot',
  state: 'active',
  allowlist: { kind: 'anywhere' },
  expiresAt: NEVER,
  createdAt: NEVER,
  updatedAt: NEVER,
  revokedAt: NEVER,
  pending: undefined,
  registeredBy: '',
  activation: undefined,
};

const roomy: OrderMarksOptions = { maxMarks: 1000, maxPerAccount: 1000, guaranteed: 50, subkeyPercent: 90 };

function setup(
  marks = roomy,
  answering: Pick<Verifier, 'askAll'> = verifier,
  repeats: OrderCheckDeps['settings']['repeats'] = 'refuse',
) {
  const asked: unknown[] = [];
  const state = {
    nowMs: START,
    /** How far the machine's clock is ahead, and not believed. */
    aheadMs: 0,
    stored: subkey,
    /** Rows of subkeys that were read. */
    reads: 0,
    refusalOf: (_id: string): DenyReason | undefined | Promise<DenyReason | undefined> => undefined,
  };
  const now = () => unixNanos(BigInt(state.nowMs) * 1_000_000n);
  const latest = () => unixNanos(BigInt(state.nowMs + state.aheadMs) * 1_000_000n);
  const check = createOrderCheck({
    verifier: answering,
    store: {
      subkey: async (_account, publicKey) => {
        state.reads += 1;
        if (publicKey === otherBot.publicKey) return { ...subkey, id: 43n, publicKey };
        return publicKey === bot.publicKey ? state.stored : undefined;
      },
    },
    signers: {
      mainKey: () => main.publicKey,
      refusal: ({ id }, request) => {
        asked.push(request);
        const reason = state.refusalOf(id);
        const refusalFor = (why: DenyReason | undefined): SignerRefusal | undefined => why && { reason: why };
        return reason instanceof Promise ? reason.then(refusalFor) : refusalFor(reason);
      },
    },
    clock: { now, latest, monotonic: () => state.nowMs },
    settings: { maxAgeSeconds: 300, futureToleranceSeconds: 30, repeats },
    requestIdOf: (number) => `request ${number}`,
    marks: createOrderMarks(marks),
  });
  const ask = (...orders: object[]) =>
    check({
      route: { batch: true, id: undefined },
      target: '/v1/orders/batch',
      rawHeaders: [],
      principal: session,
      clientIp,
      body: Buffer.from(JSON.stringify(orders)),
      asker: someone,
      number: 1,
    });
  return { state, check, ask, asked };
}

function order(by = bot, timestamp = START, size = 1) {
  const values = {
    timestamp: BigInt(timestamp),
    market: feltFromText('BTC-USD-PERP'),
    side: 1n,
    orderType: feltFromText('MARKET'),
    size: BigInt(size) * 100_000_000n,
    price: 0n,
  };
  const hash = hasher.messageHash(account, hashStruct(curve, orderType, values));
  return {
    market: 'BTC-USD-PERP',
    side: 'BUY',
    type: 'MARKET',
    size: String(size),
    signature: JSON.stringify(by.sign(hash)),
    signature_timestamp: timestamp,
  };
}

const invalid = { code: 'INVALID_ORDER_SIGNATURE' };
const sentBefore = { code: 'ORDER_ALREADY_SENT' };

describe('while the clock of the machine is ahead, and not believed', () => {
  test('an order that a wrong clock is past is refused, at the last check too, and passes once when the clock is right again', async () => {
    const { ask, state } = setup();
    const checked = await ask(order());
    state.aheadMs = 300_001;
    await expect(ask(order())).rejects.toMatchObject(invalid);
    expect(checked.leave()).toMatchObject(invalid);
    state.aheadMs = 0;
    expect(checked.leave()).toBeUndefined();
    await expect(ask(order())).rejects.toMatchObject(sentBefore);
  });

  test('an order of the future is not taken for one of now while a wrong clock is ahead', async () => {
    const { ask, state } = setup();
    state.aheadMs = 100_000;
    await expect(ask(order(bot, START + 31_000))).rejects.toMatchObject(invalid);
    expect((await ask(order(bot, START + 30_000))).leave()).toBeUndefined();
  });

  test('a wrong clock that is ahead forgets no mark of an order that was forwarded', async () => {
    const { ask, state } = setup();
    expect((await ask(order())).leave()).toBeUndefined();
    // Past the end of the first, and not of the second.
    state.aheadMs = 310_000;
    expect((await ask(order(bot, START + 20_000))).leave()).toBeUndefined();
    state.aheadMs = 0;
    await expect(ask(order())).rejects.toMatchObject(sentBefore);
  });
});

test('orders that the main key signed are checked without reading a row', async () => {
  const { ask, state } = setup();
  const checked = await ask(order(main, START, 1), order(main, START, 2));
  expect(checked.leave()).toBeUndefined();
  expect(state.reads).toBe(0);
});

describe('the last check', () => {
  test('the last check passes the same order once', async () => {
    const { ask } = setup();
    const [first, second] = [await ask(order()), await ask(order())];
    expect(first.leave()).toBeUndefined();
    expect(second.leave()).toMatchObject({ ...sentBefore, data: { index: 0 } });
    await expect(ask(order())).rejects.toMatchObject(sentBefore);
  });

  test('the last check refuses an order that grew too old while it waited, and so could be marked no more', async () => {
    const { ask, state } = setup();
    const checked = await ask(order());
    state.nowMs += 300_001;
    expect(checked.leave()).toMatchObject(invalid);
  });

  test('the last check refuses an order when the subkey that signed it ended while the request waited', async () => {
    const { ask, state } = setup();
    const checked = await ask(order());
    state.refusalOf = () => 'credential_revoked';
    expect(checked.leave()).toMatchObject(invalid);
  });

  test('the last check refuses an order when something changed about its subkey and is not known in this turn', async () => {
    const { ask, state } = setup();
    const checked = await ask(order());
    for (const unknown of [Promise.resolve(undefined), Promise.reject(new Error('no store'))]) {
      state.refusalOf = () => unknown;
      expect(checked.leave()).toBe('view_stale');
    }
    state.refusalOf = () => undefined;
    expect(checked.leave()).toBeUndefined();
  });

  test('the last check asks for every subkey that signed in the list, also when the main key signed too', async () => {
    const { ask, state } = setup();
    const checked = await ask(order(main, START, 1), order(bot, START, 2), order(main, START, 3));
    state.refusalOf = () => 'credential_revoked';
    expect(checked.leave()).toMatchObject(invalid);
  });

  test('the last check names the first order of the subkey that ended', async () => {
    const { ask, state } = setup();
    const by = [main, bot, bot, otherBot, bot, otherBot];
    const checked = await ask(...by.map((key, i) => order(key, START, i + 1)));
    for (const [id, index] of [
      ['42', 1],
      ['43', 3],
    ] as const) {
      state.refusalOf = (asked) => (asked === id ? 'credential_revoked' : undefined);
      const message = `order ${index} of the list: the subkey that signed is no longer active`;
      expect(checked.leave()).toMatchObject({ ...invalid, message, data: { index } });
    }
    state.refusalOf = () => undefined;
    expect(checked.leave()).toBeUndefined();
  });

  test('the last check does not ask for a subkey when the main key signed', async () => {
    const { ask, state } = setup();
    const checked = await ask(order(main));
    state.refusalOf = () => 'credential_revoked';
    expect(checked.leave()).toBeUndefined();
  });

  const notFromHere = { code: 'IP_NOT_ALLOWED', status: 403, data: { index: 1 } };
  const outside = 'order 1 of the list: the client address is outside the allowlist of the subkey that signed';

  test('an order is refused, at once and at the last check, when its subkey may not be used from the address of the request', async () => {
    const { ask, state, asked } = setup();
    const list = [order(main, START, 1), order(bot, START, 2)];
    const checked = await ask(...list);
    state.refusalOf = () => 'ip_not_allowed';
    expect(checked.leave()).toMatchObject({ ...notFromHere, message: outside });
    await expect(ask(...list)).rejects.toMatchObject({ ...notFromHere, message: outside });
    expect(asked).toEqual(Array(3).fill({ kid: session.kid, clientIp }));
    state.refusalOf = () => undefined;
    expect(checked.leave()).toBeUndefined();
  });

  test.each([
    ['allowlist_damaged', 'the stored allowlist of the subkey that signed is damaged: replace it'],
    ['client_ip_unknown', 'the client address could not be told'],
  ] as const)(
    'the last check of an order names %s, where that is what is wrong with the allowlist of its subkey',
    async (reason, message) => {
      const { ask, state } = setup();
      const checked = await ask(order(main, START, 1), order(bot, START, 2));
      state.refusalOf = () => reason;
      expect(checked.leave()).toMatchObject({ ...notFromHere, message: `order 1 of the list: ${message}` });
    },
  );

  test.each([
    ['account_locked', 'the account is locked'],
    ['signing_key_retired', 'the key that signed the bearer is retired; sign in again'],
    ['credential_revoked', 'the subkey that signed is no longer active'],
    ['credential_expired', 'the subkey that signed is no longer active'],
  ] as const)('a refused order names %s, at once and at the last check', async (reason, message) => {
    const { ask, state } = setup();
    const list = [order(main, START, 1), order(bot, START, 2)];
    const checked = await ask(...list);
    state.refusalOf = () => reason;
    const refused = { ...invalid, message: `order 1 of the list: ${message}`, data: { index: 1 } };
    expect(checked.leave()).toMatchObject(refused);
    await expect(ask(...list)).rejects.toMatchObject(refused);
  });

  test('an order does not leave when there is no room for its mark', async () => {
    const { ask } = setup({ maxMarks: 1, maxPerAccount: 1, guaranteed: 1, subkeyPercent: 90 });
    expect((await ask(order(bot, START, 1))).leave()).toBeUndefined();
    expect((await ask(order(bot, START, 2))).leave()).toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  });
});

describe('the signer', () => {
  test.each(['pending', 'revoked'] as const)('a %s subkey signs no order', async (kind) => {
    const { ask, state } = setup();
    state.stored = { ...subkey, state: kind };
    await expect(ask(order())).rejects.toMatchObject(invalid);
  });

  test('a key that is found by the signature of an order counts only once the signature has been verified under it', async () => {
    const unconvinced: Pick<Verifier, 'askAll'> = {
      askAll: async (questions, asker) => {
        const answers = await verifier.askAll(questions, asker);
        return answers.map((answer) => (answer.kind === 'signature' ? { ...answer, valid: false } : answer));
      },
    };
    await expect(setup(undefined, unconvinced).ask(order())).rejects.toMatchObject(invalid);
  });

  test('a subkey that the view holds for ended signs no order', async () => {
    const { ask, state } = setup();
    state.refusalOf = () => Promise.resolve('credential_revoked');
    await expect(ask(order())).rejects.toMatchObject(invalid);
  });

  test('an error of the store is not taken for a bad signature of an order', async () => {
    const { ask, state } = setup();
    state.refusalOf = () => Promise.reject(new Error('no store'));
    await expect(ask(order())).rejects.toThrow('no store');
  });

  test('a read-only token signs no order, whatever else let it in', async () => {
    const { check } = setup();
    const principal: Principal = {
      ...session,
      credential: { account, kind: 'token', id: 'tok_1' },
      label: bot.publicKey,
    };
    const request = {
      route: { batch: false, id: undefined },
      target: '/v1/orders',
      rawHeaders: [],
      clientIp,
      asker: someone,
      number: 1,
    };
    const body = Buffer.from(JSON.stringify(order()));
    await expect(check({ ...request, principal, body })).rejects.toMatchObject(invalid);
    await expect(check({ ...request, principal: undefined, body })).rejects.toMatchObject(invalid);
  });
});

describe('the size of a list', () => {
  test('a list of 50 orders with every member that clients write has less than half as many values as may be', async () => {
    const { ask } = setup();
    const members = {
      ...{
        client_id: 'c'.repeat(64),
        instruction: 'POST_ONLY',
        flags: ['REDUCE_ONLY', 'STOP_CONDITION_BELOW_TRIGGER'],
      },
      ...{ trigger_price: '59000.1', stp: 'EXPIRE_TAKER', recv_window: 5000, vwap_price: '60000', price: '0' },
      ...{ on_behalf_of_account: null, algo_type: 'TWAP', frequency: 30, duration_seconds: 300, is_post_only: true },
    };
    const fifty = Array.from({ length: 50 }, (_, i) => ({ ...order(bot, START, i + 1), ...members }));
    const values = fifty.length + fifty.reduce((sum, one) => sum + Object.keys(one).length + one.flags.length, 0);
    expect(values).toBeGreaterThan(50 * 20);
    expect(values * 2).toBeLessThan(MAX_JSON_VALUES);
    expect((await ask(...fifty)).leave()).toBeUndefined();
  });

  test('a list with more values than 50 orders can have is not read to its end', async () => {
    const { check } = setup();
    const request = {
      target: '/v1/orders/batch',
      rawHeaders: [],
      principal: session,
      clientIp,
      asker: someone,
      number: 1,
    };
    const body = Buffer.from(`[${'1,'.repeat(MAX_JSON_VALUES)}and no JSON`);
    for (const batch of [true, false]) {
      await expect(check({ ...request, route: { batch, id: undefined }, body })).rejects.toMatchObject({
        code: 'BINDING_ERROR',
        message: 'the body cannot be read in one way only: it has more than 3200 values',
        data: null,
      });
    }
  });
});

describe('an order that hashes alike', () => {
  const named = (client_id: unknown, size = 1) => ({ ...order(bot, START, size), client_id });
  const distinct = () => setup(roomy, verifier, 'distinct_client_id');
  const forward = async ({ ask }: ReturnType<typeof setup>, ...orders: object[]) => (await ask(...orders)).leave();

  test('an order that hashes alike is refused with when and by which request it was sent, and not one word of signing it anew', async () => {
    const made = setup();
    made.state.nowMs = START + 1_234;
    expect(await forward(made, order(bot, START, 2), order())).toBeUndefined();
    made.state.nowMs = START + 60_000;
    const error: unknown = await made.ask(order(bot, START, 3), order()).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      ...sentBefore,
      status: 400,
      data: { index: 1, first_sent_at: 1_800_000_001_234_000_000, first_request_id: 'request 1' },
      message: expect.stringMatching(
        /^order 1 of the list: this order was sent to the venue at 2027-01-15T08:00:01\.234Z by request request 1: look it up/,
      ),
    });
    expect(String(error)).not.toMatch(/\bsign(ed|ing)?\b/);
  });

  test('an order that hashes as one before it in its list is told so, and that nothing of the list was sent', async () => {
    const made = setup();
    await expect(made.ask(order(bot, START, 2), order(), order(bot, START, 3), order())).rejects.toMatchObject({
      ...sentBefore,
      data: { index: 3, first_index: 1, sent: false },
      message: expect.stringMatching('it is the same order as order 1 of the list, and nothing of the list was sent'),
    });
    expect(await forward(made, order())).toBeUndefined();
  });

  test('an order that hashes alike is the same order by default, whatever its client_id', async () => {
    const made = setup();
    expect(await forward(made, named('a'))).toBeUndefined();
    for (const id of ['a', 'b', 7, undefined]) await expect(made.ask(named(id))).rejects.toMatchObject(sentBefore);
    await expect(made.ask(named('c', 2), named('d', 2))).rejects.toMatchObject({ data: { first_index: 0 } });
  });

  test('an order that hashes alike is another one with distinct_client_id, once for each client_id, and with none only if it is the first', async () => {
    const made = distinct();
    expect(await forward(made, named(undefined))).toBeUndefined();
    expect(await forward(made, named('a'))).toBeUndefined();
    expect(await forward(made, named('b'), named('c'), named('a', 2))).toBeUndefined();
    for (const id of ['a', 'b', 'c', undefined, null, '']) {
      await expect(made.ask(named(id)), String(id)).rejects.toMatchObject(sentBefore);
    }
    await expect(made.ask(named(undefined, 2))).rejects.toMatchObject(sentBefore);
    expect(await forward(made, named('A'))).toBeUndefined();
  });

  test('orders that hash alike within a list are told apart by their client_id with distinct_client_id', async () => {
    const made = distinct();
    await expect(made.ask(named('a'), named('b'), named('a'))).rejects.toMatchObject({ data: { first_index: 0 } });
    await expect(made.ask(named('a'), named(undefined))).rejects.toMatchObject({ data: { first_index: 0 } });
    expect(await forward(made, named(undefined), named('a'))).toBeUndefined();
  });

  test.each([[7], [true], [['a']], [{ a: 'b' }]])(
    'an order that hashes alike and has a client_id of %j is refused, as nobody can tell it apart',
    async (id) => {
      await expect(distinct().ask(named(id))).rejects.toMatchObject({
        ...invalid,
        message: expect.stringMatching('client_id is not a string'),
      });
    },
  );

  test('of two requests at once with an order that hashes alike and one client_id, the first that leaves is sent', async () => {
    const { ask } = distinct();
    const [first, second, other] = [await ask(named('a')), await ask(named('a')), await ask(named('b'))];
    expect([first.leave(), other.leave()]).toEqual([undefined, undefined]);
    expect(second.leave()).toMatchObject(sentBefore);
  });

  test('an order that hashes alike takes two places when it is first sent with a client_id, and one for each further', async () => {
    const made = setup({ ...roomy, maxMarks: 3, maxPerAccount: 3 }, verifier, 'distinct_client_id');
    expect(await forward(made, named('a'))).toBeUndefined();
    expect(await forward(made, named('b'))).toBeUndefined();
    expect(await forward(made, named('c'))).toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  });
});

describe('nothing is verified', () => {
  const another = order(bot, START, 2);
  const signature = (r: bigint, s: bigint) => ({ signature: JSON.stringify([`${r}`, `${s}`]) });

  /** Counts what the verifier is asked. */
  function counting() {
    let asked = 0;
    const counted: Pick<Verifier, 'askAll'> = {
      askAll(questions, asker) {
        asked += questions.length;
        return verifier.askAll(questions, asker);
      },
    };
    return { counted, questions: () => asked };
  }

  test.each<[string, object]>([
    ['an order that cannot be read', {}],
    ['an order that is too old', { ...another, signature_timestamp: 1 }],
    ['an order from the future', { ...another, signature_timestamp: START + 40_000 }],
    ['an order for an isolated account', { ...another, on_behalf_of_account: '0x1' }],
    ['a signature whose r is 0', { ...another, ...signature(0n, 1n) }],
    ['a signature whose r is 2^251', { ...another, ...signature(STARK_HASH_BOUND, 1n) }],
    ['a signature whose s is 0', { ...another, ...signature(1n, 0n) }],
    ['a signature whose s is the order of the curve', { ...another, ...signature(1n, STARK_CURVE_ORDER) }],
    ['the same order once more', order()],
  ])('no signature of a list of orders is verified when the list ends with %s', async (_what, bad) => {
    const { counted, questions } = counting();
    const { ask } = setup(roomy, counted);
    await expect(ask(order(), bad)).rejects.toMatchObject({ data: { index: 1 } });
    expect(questions()).toBe(0);
    await ask(order());
    expect(questions()).toBeGreaterThan(0);
  });

  test('no signature is verified for an order that was forwarded before', async () => {
    const { counted, questions } = counting();
    const { ask } = setup(roomy, counted);
    expect((await ask(order())).leave()).toBeUndefined();
    const before = questions();
    expect(before).toBeGreaterThan(0);
    await expect(ask(order(bot, START, 2), order())).rejects.toMatchObject({ ...sentBefore, data: { index: 1 } });
    expect(questions()).toBe(before);
  });
});

test('the first order of a list that nobody signed is named', async () => {
  const { ask } = setup();
  const unsigned = (size: number) => ({ ...order(main, START, size), signature: order(main, START, 99).signature });
  const list = [order(main, START, 1), order(bot, START, 2), unsigned(3), order(main, START, 4), unsigned(5)];
  await expect(ask(...list)).rejects.toMatchObject({ ...invalid, data: { index: 2 } });
  await expect(ask(unsigned(1), unsigned(2))).rejects.toMatchObject({ ...invalid, data: { index: 0 } });
});

describe('a list of made-up signatures', () => {
  const good = (count: number) => Array.from({ length: count }, (_, i) => order(bot, START, i + 1));
  /** By nobody, but of the right form. */
  const madeUp = (count: number) =>
    Array.from({ length: count }, (_, i) => ({
      ...order(bot, START, 100 + i),
      signature: order(main, START, 99).signature,
    }));

  test.each([
    [0, 1],
    [1, 1 + 2],
    [2, 1 + 2],
    [3, 1 + 2 + 4],
    [15, 1 + 2 + 4 + 8 + 16],
  ])(
    'a list of made-up signatures behind %s good ones is looked at no further than %s orders, and the first of them is named',
    async (signed, most) => {
      const asked: string[] = [];
      const counting: Pick<Verifier, 'askAll'> = {
        askAll(questions, asker) {
          asked.push(...questions.map(({ kind }) => kind));
          return verifier.askAll(questions, asker);
        },
      };
      const { ask } = setup(roomy, counting);
      const list = [...good(signed), ...madeUp(50 - signed)];
      await expect(ask(...list)).rejects.toMatchObject({ ...invalid, data: { index: signed } });
      expect(asked.filter((kind) => kind === 'order')).toHaveLength(most);
    },
  );
});
