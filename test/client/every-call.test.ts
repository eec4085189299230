// Every call of the client that may wait, at each of its moments: it ends by the caller's signal and within the caller's time, and says
// whether anything was sent. A method that is not in the table fails here.
import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { bearer } from '../../src/client/bearer-auth.ts';
import { createClient } from '../../src/client/create-client.ts';
import { Aborted, NoAnswer } from '../../src/client/errors.ts';
import type { CallOptions } from '../../src/client/list.ts';
import * as library from '../../src/client/main.ts';
import { randomPrivateKey } from '../../src/client/private-key.ts';
import { starkKey } from '../../src/client/stark-auth.ts';
import { wallet } from '../../src/client/wallet-auth.ts';
import {
  derivingWallet,
  type EveryCall,
  everyCall,
  localFunctions,
  methodsOf,
  stoppingFetch,
  stoppingSigner,
  stoppingWallet,
} from '../support/every-call.ts';

const url = 'http://127.0.0.1:1';
const calls = Object.entries(everyCall);
const ALL = Number.POSITIVE_INFINITY;
const TIME_MS = 20;
/** Far more than one call of the table asks. */
const MOMENTS = 30;

const nothing = () => undefined;
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** The error of a call that must end by itself. */
async function endOf(call: Promise<unknown>): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const hanging = new Promise((resolve) => {
    timer = setTimeout(() => resolve('it hangs'), 5000);
  });
  const ended = call.then(
    () => 'it resolved',
    (error: unknown) => error,
  );
  const first = await Promise.race([ended, hanging]);
  clearTimeout(timer);
  return first;
}

interface Stop {
  readonly what: string;
  readonly isPreparing: boolean;
}

/**
 * Runs a call again and again, the world around it standing still one moment later each time, until it needs no more of the world. `ground`
 * gives a client and tells when it stands still; the end of the call is given to `look`.
 */
async function atEachMoment(
  { run }: EveryCall,
  ground: (moment: number, onStop: (stop: Stop) => void) => library.Client,
  options: () => { readonly given: CallOptions; readonly onStop?: () => void },
  look: (error: unknown, stop: Stop) => void,
): Promise<number> {
  for (let moment = 0; moment < MOMENTS; moment += 1) {
    const { given, onStop } = options();
    let stopped: Stop | undefined;
    const client = ground(moment, (stop) => {
      stopped ??= stop;
      if (onStop !== undefined) setImmediate(onStop);
    });
    const error = await endOf(run(client, given));
    if (stopped === undefined) return moment;
    look(error, stopped);
    if (given.signal !== undefined) expect(getEventListeners(given.signal, 'abort')).toEqual([]);
  }
  throw new Error('the call asks for ever');
}

const aborting = () => {
  const controller = new AbortController();
  return { given: { signal: controller.signal }, onStop: () => controller.abort() };
};
const hurried = () => ({ given: { timeoutMs: TIME_MS } });

test('every method of a client, and everything else that main.ts exports, is in the table of calls or waits for nobody', () => {
  const known = new Set(calls.map(([name]) => name.split(' ')[0] ?? ''));
  const exported = Object.entries(library).flatMap(([name, value]) =>
    typeof value === 'function' && !/^class\b/.test(Function.prototype.toString.call(value)) ? [name] : [],
  );
  const there = [...methodsOf(createClient({ url })), ...exported];
  expect([...known, ...localFunctions].toSorted()).toEqual(there.toSorted());
});

describe('a signal that has aborted already', () => {
  test.each(calls)('%s sends nothing and is Aborted', async (_, { run }) => {
    const world = stoppingFetch(ALL, nothing);
    const client = createClient({ url, auth: starkKey(randomPrivateKey()), fetch: world.it });
    const signal = AbortSignal.abort();
    const error = await endOf(run(client, { signal }));
    expect(error).toBeInstanceOf(Aborted);
    expect(error).toMatchObject({ phase: 'unsent', maybeMade: undefined });
    await nextTurn();
    expect(world.asked).toEqual([]);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  test.each(calls)('%s of a wallet asks nobody, sends nothing and is Aborted', async (_, { run }) => {
    const [world, person] = [stoppingFetch(ALL, nothing), stoppingWallet(ALL, nothing)];
    const client = createClient({ url, auth: wallet(person.it), fetch: world.it });
    // An account of a wallet signs no orders.
    const error = await endOf(run(client, { signal: AbortSignal.abort() }));
    expect(error).toSatisfy((one) => one instanceof Aborted || one instanceof TypeError);
    await nextTurn();
    expect([...world.asked, ...person.asked]).toEqual([]);
  });
});

describe('a server that stops answering', () => {
  const ground =
    ({ isLocked }: EveryCall, auth = () => starkKey('0x5')) =>
    (moment: number, onStop: (stop: Stop) => void) => {
      const { it } = stoppingFetch(moment, (what, isPreparing) => onStop({ what, isPreparing }), { isLocked });
      return createClient({ url, auth: auth(), fetch: it, retries: 0, timeoutMs: 60_000 });
    };

  test.each(calls)('%s ends by its signal at every moment, and says whether it was sent', async (_, call) => {
    const moments = await atEachMoment(call, ground(call), aborting, (error, { what, isPreparing }) => {
      expect(error, what).toBeInstanceOf(Aborted);
      const isSent = !isPreparing || what === call.own;
      expect(error, what).toMatchObject({ phase: isSent ? expect.stringMatching(/^(?:unknown|sent)$/) : 'unsent' });
      expect(error instanceof Aborted && error.maybeMade?.kind, what).toBe(isSent ? call.makes : undefined);
    });
    expect(moments).toBeGreaterThan(0);
  });

  test.each(calls.filter(([, { makes }]) => makes !== undefined))(
    '%s of a bearer from elsewhere ends by its signal at every moment: the clock is asked for what to look for',
    async (_, call) => {
      const made = ground(call, () => bearer('a.b.c'));
      await atEachMoment(call, made, aborting, (error, { what, isPreparing }) => {
        expect(error, what).toBeInstanceOf(Aborted);
        expect(error instanceof Aborted && error.maybeMade?.kind, what).toBe(isPreparing ? undefined : call.makes);
      });
    },
  );

  test.each(calls)('%s ends within its timeoutMs at every moment', async (_, call) => {
    await atEachMoment(call, ground(call), hurried, (error, { what }) => {
      expect(error, what).toBeInstanceOf(NoAnswer);
    });
  });
});

/** What a wallet is never asked for. */
const walletless = ['account.about', 'account.config', 'account.time', 'account.of', 'account.reportLeak'];
const ofAWallet = calls.filter(
  ([name]) =>
    !/^sign(?:Order|Modify)$|^subkeys\.takeHandOff$|^starkKey(?:OfWallet|Signature)$/.test(name) &&
    !walletless.includes(name),
);

describe('a wallet whose person does not answer', () => {
  interface World {
    world?: ReturnType<typeof stoppingFetch>;
    person?: ReturnType<typeof stoppingWallet>;
  }
  const ground =
    ({ isLocked }: EveryCall, made: World) =>
    (moment: number, onStop: (stop: Stop) => void) => {
      made.world = stoppingFetch(ALL, nothing, { isLocked });
      made.person = stoppingWallet(moment, () => onStop({ what: 'the wallet', isPreparing: true }));
      return createClient({ url, auth: wallet(made.person.it), fetch: made.world.it, retries: 0 });
    };

  test.each(ofAWallet)(
    '%s ends by its signal at every question, and sends and asks nothing when the person answers after all',
    async (name, call) => {
      const made: World = {};
      const late: Promise<void>[] = [];
      const answered = async ({ world, person }: World) => {
        const before = [...(person?.asked ?? [])];
        const signs = before.filter((method) => method === 'personal_sign').length;
        // What is signed for the call alone: an account and a consent before its login, an end after it.
        const isConsent =
          /onboard|^subkeys\.(?:create|register|handOff)/.test(name) &&
          (signs === 0 || before.at(-1) === 'personal_sign');
        const isOwn = world?.asked.includes('POST /v2/auth') === true || (isConsent && signs < 2);
        person?.goOn();
        for (let turn = 0; turn < 20; turn += 1) await nextTurn();
        if (isOwn) expect(person?.asked).toEqual(before);
        // A login is for whoever comes next.
        expect(world?.asked.filter((what) => !/^GET |^POST \/v2\/auth$/.test(what))).toEqual([]);
      };
      const stops = await atEachMoment(call, ground(call, made), aborting, (error) => {
        expect(error).toBeInstanceOf(Aborted);
        expect(error).toMatchObject({ phase: 'unsent', maybeMade: undefined });
        late.push(answered({ ...made }));
      });
      expect(stops).toBeGreaterThan(0);
      await Promise.all(late);
    },
  );

  test.each(ofAWallet)('%s ends within its timeoutMs at every question', async (_, call) => {
    await atEachMoment(call, ground(call, {}), hurried, (error) => {
      expect(error).toBeInstanceOf(NoAnswer);
      expect(error).toMatchObject({ phase: 'unsent', maybeMade: undefined });
    });
  });

  const { starkKeyOfWallet, starkKeySignature } = library;
  test.each([
    ['derivation of a main key', 'by its signal', starkKeyOfWallet, aborting, Aborted],
    ['derivation of a main key', 'within its timeoutMs', starkKeyOfWallet, hurried, NoAnswer],
    ['signature that a main key is derived from', 'by its signal', starkKeySignature, aborting, Aborted],
    ['signature that a main key is derived from', 'within its timeoutMs', starkKeySignature, hurried, NoAnswer],
  ] as const)('the %s ends %s', async (_what, _how, derived, options, kind) => {
    const { it } = stoppingFetch(ALL, nothing);
    const { given, onStop = nothing }: { given: CallOptions; onStop?: () => void } = options();
    const deriving = derivingWallet(() => setImmediate(onStop));
    const error = await endOf(derived(deriving, createClient({ url, fetch: it }).account, given));
    expect(error).toBeInstanceOf(kind);
    expect(error).toMatchObject({ phase: 'unsent' });
  });

  test('a call whose caller has left asks the person nothing more', async () => {
    const world = stoppingFetch(ALL, nothing);
    const controller = new AbortController();
    // Answers which account it is, and then stands still at the chain.
    const person = stoppingWallet(1, () => setImmediate(() => controller.abort()));
    const client = createClient({ url, auth: wallet(person.it), fetch: world.it });
    const error = await endOf(client.account.onboard({ signal: controller.signal }));
    expect(error).toBeInstanceOf(Aborted);
    expect(person.asked).toEqual(['eth_requestAccounts', 'eth_chainId']);
    person.goOn();
    for (let turn = 0; turn < 20; turn += 1) await nextTurn();
    expect(person.asked).toEqual(['eth_requestAccounts', 'eth_chainId']);
  });
});

describe('a signer of one’s own that does not answer', () => {
  const ground =
    ({ isLocked }: EveryCall) =>
    (moment: number, onStop: (stop: Stop) => void) => {
      const { it } = stoppingFetch(ALL, nothing, { isLocked });
      const auth = stoppingSigner(moment, () => onStop({ what: 'the signer', isPreparing: true }));
      return createClient({ url, auth, fetch: it, retries: 0 });
    };

  test.each(calls)('%s ends by its signal, and within its timeoutMs', async (_, call) => {
    await atEachMoment(call, ground(call), aborting, (error) => expect(error).toBeInstanceOf(Aborted));
    await atEachMoment(call, ground(call), hurried, (error) => expect(error).toBeInstanceOf(NoAnswer));
  });
});
