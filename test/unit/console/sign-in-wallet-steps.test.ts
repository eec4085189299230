import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { FoundWallet } from '../../../console/app/wallets/announced.ts';
import { isSigned, type Surroundings, type WalletOwner } from '../../../console/pages/sign-in/wallets/state.ts';
import { createWalletSteps } from '../../../console/pages/sign-in/wallets/steps.ts';
import { problemOf, problemWords } from '../../../console/words/wallet-problems.ts';
import { createClient } from '../../../src/client/create-client.ts';
import { CountersignError, NoAnswer, WalletRefused } from '../../../src/client/errors.ts';
import { starkKeySignature, wallet as walletAuth } from '../../../src/client/main.ts';

const SEPOLIA = '11155111';
const A = `0x${'aa'.repeat(20)}`;
const B = `0x${'bb'.repeat(20)}`;
const OWN = '0x0a11';
const DERIVED = '0x0de1';

type Answers = Record<string, unknown>;
/** A wallet that answers so; an Error is thrown, a function is called, `never` never comes. */
function walletOf(answers: Answers = {}) {
  const all: Answers = { eth_requestAccounts: [A], eth_chainId: '0xaa36a7', ...answers };
  const asked: string[] = [];
  const listeners = new Set<(accounts: unknown) => void>();
  const provider = {
    request({ method }: { readonly method: string }): Promise<unknown> {
      asked.push(method);
      const answer = all[method];
      if (answer === never) return never;
      if (answer instanceof Error) return Promise.reject(answer);
      return Promise.resolve(typeof answer === 'function' ? answer() : answer);
    },
    on: (_: string, listener: (accounts: unknown) => void) => listeners.add(listener),
    removeListener: (_: string, listener: (accounts: unknown) => void) => listeners.delete(listener),
  };
  const found: FoundWallet = { id: 'a', name: 'MetaMask', rdns: '', icon: undefined, provider };
  return {
    found,
    asked,
    listeners,
    says: (accounts: unknown) => {
      for (const listener of listeners) listener(accounts);
    },
  };
}
const never = new Promise<never>(() => undefined);
const code = (number: number): Error => Object.assign(new Error('words of a wallet'), { code: number });

type Owner = WalletOwner<ReturnType<typeof keyOf>>;
const keyOf = (keys: readonly string[]) => ({
  used: undefined as string | undefined,
  closed: false,
  async derive() {
    return { publicKeys: keys };
  },
  async use(publicKey: string) {
    this.used = publicKey;
  },
  close() {
    this.closed = true;
  },
});

function visit(
  part: Partial<Surroundings<ReturnType<typeof keyOf>>> & { own?: boolean; known?: string[]; keys?: string[] } = {},
) {
  const signedIn: Owner[] = [];
  const opened: ReturnType<typeof keyOf>[] = [];
  const { own = true, known = [], keys = ['0x1'], ...others } = part;
  const steps = createWalletSteps({
    chainId: SEPOLIA,
    derivation: true,
    ofAddress: async () => ({ address: OWN, exists: own }),
    ofKey: async (publicKey) => ({ address: `${DERIVED}${publicKey.slice(2)}`, exists: known.includes(publicKey) }),
    signature: async () => '0x',
    openKey() {
      const key = keyOf(keys);
      opened.push(key);
      return key;
    },
    async signIn(owner) {
      signedIn.push(owner);
    },
    ...others,
  });
  return { steps, signedIn, opened, at: () => steps.getState().step.at, problem: () => steps.getState().problem?.is };
}
const settled = async () => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};

describe('a wallet of one account', () => {
  test('is connected, found by its address, told about, and signs in', async () => {
    const { steps, signedIn, at } = visit();
    const wallet = walletOf();
    const connecting = steps.connect(wallet.found);
    expect(at()).toBe('connecting');
    await connecting;
    await settled();
    expect(steps.getState()).toMatchObject({
      step: { at: 'accounts' },
      address: A,
      own: { address: OWN, exists: true },
    });
    steps.chooseOwn();
    expect(steps.getState().step).toEqual({ at: 'before', asking: 'sign-in', isNew: false });
    expect(wallet.asked).toEqual(['eth_requestAccounts']);
    await steps.sign();
    expect(at()).toBe('in');
    expect(signedIn).toMatchObject([{ by: 'wallet', address: A, walletName: 'MetaMask' }]);
  });

  test('that is not known here is said to be new before anything is signed', async () => {
    const { steps, signedIn } = visit({ own: false });
    await steps.connect(walletOf().found);
    await settled();
    steps.chooseOwn();
    expect(steps.getState().step).toEqual({ at: 'before', asking: 'sign-in', isNew: true });
    expect(signedIn).toEqual([]);
  });

  test('goes on being usable after the page of the sign-in is gone, and one that was not signed in with does not', async () => {
    const { steps, signedIn } = visit();
    await steps.connect(walletOf().found);
    await settled();
    steps.chooseOwn();
    await steps.sign();
    steps.end();
    await new Promise((resolve) => setTimeout(resolve, 1));
    const [owner] = signedIn;
    if (owner?.by !== 'wallet') throw new Error('no wallet');
    expect(await owner.provider.request({ method: 'eth_chainId' })).toBe('0xaa36a7');
  });
});

describe('a wallet of several accounts', () => {
  test('offers them, and one is chosen', async () => {
    const { steps, at } = visit();
    await steps.connect(walletOf({ eth_requestAccounts: [A, B] }).found);
    expect(steps.getState().step).toEqual({ at: 'addresses', addresses: [A, B] });
    await steps.chooseAddress(B);
    expect([at(), steps.getState().address]).toEqual(['accounts', B]);
    steps.back();
    expect(at()).toBe('addresses');
  });

  test('that shows another account half-way is chosen from anew, and nothing is signed', async () => {
    const { steps, signedIn, problem } = visit();
    const wallet = walletOf();
    await steps.connect(wallet.found);
    await settled();
    steps.chooseOwn();
    wallet.says([B]);
    expect(steps.getState()).toMatchObject({ step: { at: 'addresses', addresses: [B] }, address: undefined });
    expect(problem()).toBe('changed');
    await steps.sign();
    expect(signedIn).toEqual([]);
    wallet.says([]);
    expect(steps.getState()).toMatchObject({ step: { at: 'wallets' }, problem: { is: 'shows none' } });
  });

  test('that goes on showing the chosen one is left alone', async () => {
    const { steps, at } = visit();
    const wallet = walletOf();
    await steps.connect(wallet.found);
    await settled();
    wallet.says([B, A]);
    expect([at(), steps.getState().address]).toEqual(['accounts', A]);
  });
});

describe('the two accounts that a wallet can have', () => {
  test('both known: both are offered after the signature, and the chosen key signs in', async () => {
    const { steps, signedIn, opened, at } = visit({ known: ['0x1'] });
    await steps.connect(walletOf().found);
    await settled();
    steps.lookForDerived();
    expect(steps.getState().step).toMatchObject({ at: 'before', asking: 'derive' });
    await steps.sign();
    expect(steps.getState()).toMatchObject({
      own: { exists: true },
      derived: { address: `${DERIVED}1`, exists: true },
    });
    expect([at(), signedIn]).toEqual(['accounts', []]);
    steps.chooseDerived();
    await settled();
    expect(signedIn).toMatchObject([{ by: 'key', key: opened[0] }]);
    expect(opened).toHaveLength(1);
  });

  test('of two readings of the signature the key is used whose account is known', async () => {
    const { steps, opened } = visit({ own: false, keys: ['0x1', '0x2'], known: ['0x2'] });
    await steps.connect(walletOf().found);
    await settled();
    steps.lookForDerived();
    await steps.sign();
    await settled();
    expect(opened.map(({ used }) => used)).toEqual(['0x2']);
  });

  test('of two readings whose accounts are both known the first is used, as the JavaScript clients read it', async () => {
    const { steps, opened } = visit({ own: false, keys: ['0x1', '0x2'], known: ['0x1', '0x2'] });
    await steps.connect(walletOf().found);
    await settled();
    steps.lookForDerived();
    await steps.sign();
    await settled();
    expect(opened.map(({ used }) => used)).toEqual(['0x1']);
  });

  test('only that of the key is known: it signs in at once', async () => {
    const { steps, signedIn, opened, at } = visit({ own: false, known: ['0x1'] });
    await steps.connect(walletOf().found);
    await settled();
    steps.chooseDerived();
    await steps.sign();
    await settled();
    expect(at()).toBe('in');
    expect(signedIn).toMatchObject([{ by: 'key', keep: true }]);
    expect(opened[0]?.closed).toBe(false);
  });

  test('none is known: the key of a new account is asked about before it is made', async () => {
    const { steps, signedIn } = visit({ own: false });
    await steps.connect(walletOf().found);
    await settled();
    steps.chooseDerived();
    await steps.sign();
    expect(steps.getState().step).toEqual({ at: 'before', asking: 'key', isNew: true });
    expect(signedIn).toEqual([]);
    await steps.sign();
    expect(signedIn).toMatchObject([{ by: 'key' }]);
  });

  test('looked for and not there: it is said, and both can be made', async () => {
    const { steps, at, problem } = visit({ own: false });
    await steps.connect(walletOf().found);
    await settled();
    steps.lookForDerived();
    await steps.sign();
    expect([at(), problem()]).toEqual(['accounts', 'no account']);
  });

  test('a key is gone from its worker when the page is left before it signed in', async () => {
    const { steps, opened } = visit({ own: false });
    await steps.connect(walletOf().found);
    await settled();
    steps.chooseDerived();
    await steps.sign();
    steps.end();
    await new Promise((resolve) => setTimeout(resolve, 1));
    expect(opened[0]?.closed).toBe(true);
  });

  test('over a form, a key of another account than the form’s is refused', async () => {
    const { steps, signedIn, problem, at } = visit({ own: false, known: ['0x1'], only: '0x0bad' });
    await steps.connect(walletOf().found);
    await settled();
    steps.lookForDerived();
    await steps.sign();
    expect([at(), problem()]).toEqual(['accounts', 'another account']);
    expect(signedIn).toEqual([]);
  });
});

describe('a wallet on another chain', () => {
  const ready = async (answers: Answers) => {
    const world = visit();
    const wallet = walletOf(answers);
    await world.steps.connect(wallet.found);
    await settled();
    world.steps.chooseOwn();
    await world.steps.sign();
    return { ...world, wallet };
  };

  test('is switched when it is asked to, and then signs', async () => {
    let chain = '0x2105';
    const { steps, signedIn, at } = await ready({
      eth_chainId: () => chain,
      wallet_switchEthereumChain: () => {
        chain = '0xaa36a7';
        return null;
      },
    });
    expect(steps.getState().step).toEqual({ at: 'chain', on: '8453', cannotSwitch: false, isBusy: false });
    expect(signedIn).toEqual([]);
    await steps.switchChain();
    await settled();
    expect(at()).toBe('in');
  });

  test('that cannot be switched says what to do, and goes on when that was done', async () => {
    let chain = '0x2105';
    const { steps, at } = await ready({ eth_chainId: () => chain, wallet_switchEthereumChain: code(4902) });
    await steps.switchChain();
    expect(steps.getState().step).toMatchObject({ at: 'chain', cannotSwitch: true });
    chain = '0xaa36a7';
    await steps.sign();
    expect(at()).toBe('in');
  });

  test('whose person says no to the switch is still on it', async () => {
    const { steps, problem, at } = await ready({ eth_chainId: '0x1', wallet_switchEthereumChain: code(4001) });
    await steps.switchChain();
    expect([at(), problem()]).toEqual(['chain', 'said no']);
  });

  test('that says it has switched and has not is asked again', async () => {
    const { steps, at } = await ready({ eth_chainId: '0x1', wallet_switchEthereumChain: null });
    await steps.switchChain();
    await settled();
    expect(at()).toBe('chain');
  });
});

describe('a wallet that does not do what it is asked', () => {
  test.each([
    [code(4001), 'said no'],
    [code(-32002), 'busy'],
    [code(-32603), 'odd'],
    [new Error('words of a wallet'), 'odd'],
  ])('its refusal %s is %s, and another try is one press away', async (error, is) => {
    const { steps, at, problem } = visit();
    await steps.connect(walletOf({ eth_requestAccounts: error }).found);
    expect([at(), problem()]).toEqual(['wallets', is]);
  });

  test.each([[[]], ['0x'], [null], [[{}]]])('one that shows no account, %j, is told so', async (answer) => {
    const { steps, problem } = visit();
    await steps.connect(walletOf({ eth_requestAccounts: answer }).found);
    expect(problem()).toBe('shows none');
  });

  describe('in time', () => {
    beforeEach(() => void vi.useFakeTimers());
    afterEach(() => void vi.useRealTimers());

    test('a silent one is waited for 30 s without a word, then with one, and given up after 120 s', async () => {
      const { steps, at, problem } = visit();
      void steps.connect(walletOf({ eth_requestAccounts: never }).found);
      await vi.advanceTimersByTimeAsync(29_999);
      expect(steps.getState().step).toEqual({ at: 'connecting', isSlow: false });
      await vi.advanceTimersByTimeAsync(1);
      expect(steps.getState().step).toEqual({ at: 'connecting', isSlow: true });
      await vi.advanceTimersByTimeAsync(90_000);
      expect([at(), problem()]).toEqual(['wallets', 'silent']);
    });

    test('what it answers after it was cancelled is not heard', async () => {
      const { steps, at } = visit();
      let answer: (accounts: string[]) => void = () => undefined;
      const late = new Promise<string[]>((resolve) => (answer = resolve));
      void steps.connect(walletOf({ eth_requestAccounts: () => late }).found);
      await vi.advanceTimersByTimeAsync(10);
      steps.cancel();
      expect(at()).toBe('wallets');
      answer([A]);
      await vi.advanceTimersByTimeAsync(200_000);
      expect(steps.getState()).toMatchObject({ step: { at: 'wallets' }, problem: undefined });
    });

    test('a signature can be cancelled, and one that comes later signs nobody in', async () => {
      let provider: Owner | undefined;
      const { steps, at } = visit({
        signIn: (owner) => {
          provider = owner;
          return owner.by === 'wallet'
            ? (owner.provider.request({ method: 'personal_sign' }) as Promise<never>)
            : never;
        },
      });
      const wallet = walletOf({ personal_sign: never });
      await steps.connect(wallet.found);
      await vi.advanceTimersByTimeAsync(1);
      steps.chooseOwn();
      void steps.sign();
      await vi.advanceTimersByTimeAsync(30_000);
      expect(steps.getState().step).toMatchObject({ at: 'signing', isSlow: true });
      steps.cancel();
      expect(at()).toBe('before');
      if (provider?.by !== 'wallet') throw new Error('no wallet');
      await expect(provider.provider.request({ method: 'personal_sign' })).rejects.toThrow();
      await vi.advanceTimersByTimeAsync(400_000);
      expect(at()).toBe('before');
    });

    /** The wallet has signed, and the server has not answered yet. */
    async function signed() {
      let letIn: () => void = () => undefined;
      const answered = new Promise<void>((resolve) => (letIn = resolve));
      let owner: Owner | undefined;
      let signal: AbortSignal | undefined;
      const world = visit({
        async signIn(by, options) {
          owner = by;
          signal = options.signal;
          options.onStep('waiting-for-wallet');
          if (by.by === 'wallet') await by.provider.request({ method: 'personal_sign' });
          options.onStep('adding-device');
          await answered;
        },
      });
      await world.steps.connect(walletOf({ personal_sign: '0x' }).found);
      await vi.advanceTimersByTimeAsync(1);
      world.steps.chooseOwn();
      void world.steps.sign();
      await vi.advanceTimersByTimeAsync(1);
      expect(world.steps.getState().step).toMatchObject({ at: 'signing', doing: 'adding-device' });
      const asks = async () => owner?.by === 'wallet' && owner.provider.request({ method: 'eth_chainId' });
      return { ...world, letIn, asks, isStopped: () => signal?.aborted };
    }

    test('one that has signed is given up by no time, and goes on being usable', async () => {
      const { steps, at, letIn, asks } = await signed();
      await vi.advanceTimersByTimeAsync(400_000);
      expect(steps.getState().step).toMatchObject({ at: 'signing', doing: 'adding-device' });
      expect(isSigned(steps.getState().step)).toBe(true);
      letIn();
      await vi.advanceTimersByTimeAsync(1);
      expect(at()).toBe('in');
      steps.end();
      await vi.advanceTimersByTimeAsync(1);
      expect(await asks()).toBe('0xaa36a7');
    });

    test('after Cancel nobody is signed in by what was signed before, and the step stays where it is', async () => {
      const { steps, at, letIn, isStopped } = await signed();
      expect(isStopped()).toBe(false);
      steps.cancel();
      expect([at(), isStopped()]).toEqual(['before', true]);
      letIn();
      await vi.advanceTimersByTimeAsync(1);
      expect(at()).toBe('before');
    });

    test('a page that is left stops what was signed, unless it has signed in', async () => {
      const left = await signed();
      left.steps.end();
      await vi.advanceTimersByTimeAsync(1);
      expect(left.isStopped()).toBe(true);
      const stayed = await signed();
      stayed.letIn();
      stayed.steps.end();
      await vi.advanceTimersByTimeAsync(1);
      expect(stayed.isStopped()).toBe(false);
    });

    test('the second of two signatures is waited for anew: it is spoken of after 30 s', async () => {
      const { steps } = visit({
        async signIn(_, { onStep }) {
          onStep('waiting-for-wallet');
          onStep('adding-device');
          onStep('waiting-for-wallet');
          await never;
        },
      });
      await steps.connect(walletOf().found);
      await vi.advanceTimersByTimeAsync(1);
      steps.chooseOwn();
      void steps.sign();
      await vi.advanceTimersByTimeAsync(29_000);
      expect(steps.getState().step).toMatchObject({ doing: 'waiting-for-wallet', isSlow: false });
      await vi.advanceTimersByTimeAsync(1001);
      expect(steps.getState().step).toMatchObject({ isSlow: true });
    });
  });
});

describe('the words of a wallet’s refusal', () => {
  const about = (error: unknown, wasAsked = false) => problemOf(error, { wasAsked, address: A });

  test.each([
    [new WalletRefused('', 4001), 'You said no in the wallet. Nothing happened.'],
    [new WalletRefused('', -32002), 'The wallet has a request open already. Finish it there.'],
    [new WalletRefused('<b>', 7), 'The wallet could not do that. Look there, then try again.'],
  ])('never repeat it: %s', (error, sentence) => {
    expect(problemWords(about(error))).toBe(sentence);
  });

  test('the end of waiting is the wallet’s silence only when it was asked', () => {
    const error = new NoAnswer('', 'unsent');
    expect(problemWords(about(error, true))).toBe('The wallet did not answer. Try again, or reload the page.');
    expect(about(error)).toEqual({ is: 'refused', error });
    const server = new CountersignError({ status: 429, code: 'RATE_LIMITED', message: '' });
    expect(problemWords(about(server, true))).toBeUndefined();
  });

  const config = { config: async () => ({ l1_chain_id: SEPOLIA }) };
  const signing = (...signatures: readonly unknown[]) => {
    const left = [...signatures];
    return walletOf({ eth_signTypedData_v4: () => left.shift() }).found.provider;
  };
  // Published: paradex.js, tests/account.test.ts; by another address than A.
  const published =
    '0xb36430558d085400678ff7f40ca92d99a80a980047d01f0851004da6d2081db76767f6e39825ce932d131f8af0a286244ae7dd9bf1b3b520bef91ecacf5706691b';

  test.each([
    [
      'two different signatures',
      signing('0x01', '0x02'),
      /^Your wallet signs differently each time, so no key can be made from it[.] Use a wallet account[.]$/,
    ],
    [
      '200 bytes',
      signing(`0x${'11'.repeat(200)}`, `0x${'11'.repeat(200)}`),
      /^This is a smart-contract wallet[.] Only wallets with a key of their own can sign in[.]$/,
    ],
    [
      'another address’s signature',
      signing(published, published),
      /^You signed with another address than you chose: 0x[0-9a-f]{4}…[0-9a-f]{4}[.]$/,
    ],
    [
      'a signature that is of no key',
      signing(`0x${'ff'.repeat(31)}00${'01'.repeat(32)}1b`, `0x${'ff'.repeat(31)}00${'01'.repeat(32)}1b`),
      /smart-contract|signature of no key/,
    ],
  ])('a wallet that answers %s is told apart by what the client says', async (_, provider, words) => {
    const error = await starkKeySignature(provider, config).catch((thrown: unknown) => thrown);
    expect(problemWords(about(error))).toMatch(words);
  });

  test.each([
    [[], /^The wallet shows no account[.]/],
    [[B], /^The wallet does not show 0xaaaa…aaaa any more[.]/],
  ])('a wallet that shows %j where an account was chosen is told apart', async (accounts, words) => {
    const auth = walletAuth(
      walletOf({ eth_requestAccounts: accounts }).found.provider,
      accounts.length === 0 ? {} : { address: A },
    );
    const client = createClient({ url: 'http://127.0.0.1:1', auth, fetch: () => never });
    const error = await client.account.address().catch((thrown: unknown) => thrown);
    expect(problemWords(about(error))).toMatch(words);
  });
});
