import { describe, expect, test } from 'vitest';
import { createKeySteps, isLookedUp, type KeySurroundings } from '../../../console/pages/sign-in/key-steps.ts';

const KEY = `0x${'1f'.repeat(31)}ab`;
const BROKEN = `0x${'b0'.repeat(31)}`;
const ACCOUNT = '0x0acc';

class Wrong extends Error {}

function room(part: { known?: boolean; address?: string; isSubkey?: boolean; only?: string; fails?: unknown } = {}) {
  const { known = true, address = ACCOUNT, isSubkey = false, only, fails } = part;
  const opened: { closed: boolean; texts: string[]; close(): void }[] = [];
  const lookedUp: string[] = [];
  const signedIn: unknown[] = [];
  const signals: AbortSignal[] = [];
  const openKey = () => {
    const key = {
      closed: false,
      texts: [] as string[],
      async load(text: string) {
        key.texts.push(text);
        if (text === BROKEN) throw new Error('it did not start');
        if (!/^0x[0-9a-f]{1,64}$/.test(text)) throw new Wrong('That is not a Starknet private key.');
        return { publicKey: `public key of ${text}` };
      },
      close() {
        key.closed = true;
      },
    };
    opened.push(key);
    return key;
  };
  let failing = fails;
  let isSilent = false;
  /** The next look-up has no answer. */
  const silence = () => {
    isSilent = true;
  };
  const around: KeySurroundings<ReturnType<typeof openKey>> = {
    only,
    openKey,
    async ofKey(publicKey) {
      lookedUp.push(publicKey);
      if (isSilent) {
        isSilent = false;
        throw new Error('no answer');
      }
      return { address, exists: known };
    },
    isSubkeyOf: async () => isSubkey,
    wordsOf: (error) => (error instanceof Wrong ? error.message : undefined),
    async signIn(owner, signal) {
      signals.push(signal);
      if (failing !== undefined) {
        const error = failing;
        failing = undefined;
        throw error;
      }
      signedIn.push(owner);
    },
  };
  return { steps: createKeySteps(around), opened, lookedUp, signedIn, signals, silence };
}

describe('a main key that is pasted', () => {
  test('is told its account at once, and signs in', async () => {
    const { steps, signedIn, opened } = room();
    await steps.look(KEY);
    expect(steps.getState()).toMatchObject({ account: { address: ACCOUNT, exists: true }, isBusy: false });
    await steps.signIn('', true);
    expect(signedIn).toMatchObject([{ by: 'key', keep: true }]);
    steps.end();
    await new Promise((resolve) => setTimeout(resolve, 1));
    expect(opened.at(-1)?.closed).toBe(false);
  });

  test('that is not to be kept is gone from its worker once it has signed in', async () => {
    const { steps, opened } = room();
    await steps.signIn(KEY, false);
    expect(opened.map(({ closed }) => closed)).toEqual([true]);
  });

  test('of an account that is not known here is said to be, before the account is made', async () => {
    const { steps, signedIn } = room({ known: false });
    await steps.signIn('0x5', true);
    expect(steps.getState()).toMatchObject({ account: { exists: false }, isBusy: false });
    expect(signedIn).toEqual([]);
    await steps.signIn('', true);
    expect(signedIn).toHaveLength(1);
  });

  test('stays in its worker when the server could not be reached, so that it need not be pasted again', async () => {
    const { steps, signedIn } = room({ fails: new Error('no answer') });
    await steps.signIn(KEY, true);
    expect(steps.getState()).toMatchObject({ account: { address: ACCOUNT }, error: { message: 'no answer' } });
    await steps.signIn('', true);
    expect(signedIn).toHaveLength(1);
  });

  test('is asked for once, though its account could not be looked up, and its text is needed no longer than its worker takes', async () => {
    const { steps, signedIn, lookedUp, silence } = room();
    let isTaken = false;
    silence();
    await steps.signIn(KEY, true, () => {
      isTaken = true;
    });
    expect(steps.getState()).toMatchObject({ account: undefined, error: { message: 'no answer' }, isBusy: false });
    expect(isTaken).toBe(true);
    await steps.signIn('', true);
    expect(signedIn).toHaveLength(1);
    expect(lookedUp).toHaveLength(2);
  });

  test('keeps its text where its worker did not start, and not where it is no key', async () => {
    const { steps } = room();
    const taken: string[] = [];
    await steps.signIn('0xnone', true, () => taken.push('no key'));
    await steps.signIn(BROKEN, true, () => taken.push('broken'));
    expect(taken).toEqual(['no key']);
    expect(steps.getState()).toMatchObject({ error: { message: 'it did not start' } });
  });

  test('is gone with the page that was left before it signed in, and nobody is signed in by it any more', async () => {
    const { steps, opened, signals } = room({ fails: new Error('no answer') });
    await steps.look(KEY);
    await steps.signIn('', true);
    steps.end();
    await new Promise((resolve) => setTimeout(resolve, 1));
    expect(opened.map(({ closed }) => closed)).toEqual([true]);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  });
});

test('a key that is typed digit by digit is told to nobody before it is as long as a key', async () => {
  const { steps, lookedUp, opened } = room();
  for (let length = 1; length <= 61; length += 1) {
    steps.changed();
    await steps.look(KEY.slice(0, length));
  }
  expect(lookedUp).toEqual([]);
  expect(opened).toEqual([]);
  await steps.look(KEY);
  expect(lookedUp).toHaveLength(1);
});

test.each([
  [KEY, true],
  [KEY.slice(2), true],
  [KEY.slice(0, 62), true],
  [KEY.slice(0, 61), false],
  ['0x5', false],
  ['', false],
])('whether %s is looked up by itself: %s', (text, is) => {
  expect(isLookedUp(text)).toBe(is);
});

test.each([
  ['an Ethereum address', `0x${'ab'.repeat(20)}`],
  ['a compressed key', `02${'ab'.repeat(32)}`],
  ['a whole public key', `0x04${'ab'.repeat(64)}`],
])('%s is called public, and goes nowhere', async (_, text) => {
  const { steps, opened } = room();
  await steps.look(text);
  expect(steps.getState().wrong).toBe('That is a public key or an address, not a private key.');
  await steps.signIn(text, true);
  expect(opened).toEqual([]);
});

test('what the worker refuses is said in its words, and the page’s own errors are not taken for them', async () => {
  const { steps } = room();
  await steps.signIn('no key', true);
  expect(steps.getState()).toMatchObject({ wrong: 'That is not a Starknet private key.', isBusy: false });
  steps.changed();
  await steps.signIn('', true);
  expect(steps.getState().wrong).toBe('Paste your private key.');
});

test.each([0, 1, 2, 3])(
  'the answer about a text that has changed since is not heard, %i turns later',
  async (turns) => {
    const { steps } = room();
    const looking = steps.look(KEY);
    for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
    steps.changed();
    await looking;
    expect(steps.getState().account).toBeUndefined();
  },
);

describe('over a form whose session ended', () => {
  test('the key of another account does not sign in', async () => {
    const { steps, signedIn, opened } = room({ only: '0x0bad' });
    await steps.signIn(KEY, true);
    expect(steps.getState().wrong).toBe('That key does not belong to this account.');
    expect(signedIn).toEqual([]);
    expect(opened.at(-1)?.closed).toBe(true);
  });

  test('a subkey of the account is told to be one', async () => {
    const { steps, signedIn } = room({ only: '0x0bad', isSubkey: true });
    await steps.signIn(KEY, true);
    expect(steps.getState().wrong).toBe('This is a subkey. It cannot manage keys; sign in with the main key.');
    expect(signedIn).toEqual([]);
  });

  test('the same account written in another way is the same', async () => {
    const { steps, signedIn } = room({ only: '0xACC' });
    await steps.signIn(KEY, true);
    expect(signedIn).toHaveLength(1);
  });
});
