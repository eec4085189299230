// Signing in with a Starknet private key, without a page. The text of the key passes through here to its worker and stays nowhere.
import { refusedWords } from '../../worker/main-key-refused.ts';

export interface Account {
  readonly address: string;
  /** Whether it is known here. */
  readonly exists: boolean;
}

export interface KeyState {
  /** Of the key that the worker has. */
  readonly account: Account | undefined;
  /** What is wrong with the text. */
  readonly wrong: string | undefined;
  /** Why the last sign-in failed. */
  readonly error: unknown;
  readonly isBusy: boolean;
}

interface Key {
  readonly closed: boolean;
  load(text: string, options: { readonly not: readonly string[] }): Promise<{ readonly publicKey: string }>;
  close(): void;
}

export interface KeySurroundings<K extends Key> {
  /** Of a form whose session ended: no other account will do. */
  readonly only?: string | undefined;
  openKey(): K;
  ofKey(publicKey: string): Promise<Account>;
  /** Whether the key signs in to the account as one of its subkeys. */
  isSubkeyOf(key: K, account: string): Promise<boolean>;
  /** The person's words of an error that is about the text, else undefined. */
  wordsOf(error: unknown): string | undefined;
  /** `signal`: the page is left. */
  signIn(owner: { readonly by: 'key'; readonly key: K; readonly keep: boolean }, signal: AbortSignal): Promise<void>;
}

const SUBKEY = 'This is a subkey. It cannot manage keys; sign in with the main key.';
const NONE = 'Paste your private key.';

/**
 * A key that is typed would be told to the server digit by digit, if each of its beginnings were looked up. So only what is as long as a
 * key is looked up by itself; a shorter one, which is as good as none, when the person signs in.
 */
const LOOKED_UP_FROM = 60;

const digitsOf = (text: string): string => /^(?:0x)?([0-9a-f]*)$/i.exec(text.trim())?.[1] ?? '';

/** Of another kind by its length: an Ethereum address, a compressed public key, a whole one. */
const isPublic = (text: string): boolean =>
  /^(?:[0-9a-f]{40}|0[23][0-9a-f]{64}|04[0-9a-f]{128})$/i.test(digitsOf(text));

export const isLookedUp = (text: string): boolean => digitsOf(text).length >= LOOKED_UP_FROM || isPublic(text);

const beginning: KeyState = { account: undefined, wrong: undefined, error: undefined, isBusy: false };

export function createKeySteps<K extends Key>(around: KeySurroundings<K>) {
  let state = beginning;
  const listeners = new Set<() => void>();
  let key: K | undefined;
  /** The public key of what the worker has. */
  let loaded: string | undefined;
  let isIn = false;
  const leaving = new AbortController();
  /** Of the latest text: the answer to an older one is not heard. */
  let turn = 0;

  const set = (next: KeyState): void => {
    state = next;
    for (const listener of [...listeners]) listener();
  };
  const drop = (): void => {
    key?.close();
    key = undefined;
    loaded = undefined;
  };

  /** The account of the text's key, or undefined when it is wrong or a later text came. `taken`: the text is needed no longer. */
  async function read(text: string, mine: number, taken: () => void = () => undefined): Promise<Account | undefined> {
    if (isPublic(text)) {
      taken();
      set({ ...beginning, wrong: refusedWords.public });
      return undefined;
    }
    drop();
    const made = around.openKey();
    key = made;
    try {
      const not = around.only === undefined ? [] : [around.only];
      const { publicKey } = await made.load(text, { not });
      taken();
      if (mine !== turn) return undefined;
      loaded = publicKey;
    } catch (error) {
      if (mine !== turn) return undefined;
      const wrong = around.wordsOf(error);
      if (wrong !== undefined) taken();
      drop();
      set({ ...beginning, ...(wrong === undefined ? { error } : { wrong }) });
      return undefined;
    }
    return lookUp(made, loaded, mine);
  }

  /** Of the key in the worker: where the server does not answer, it stays there for the next try. */
  async function lookUp(of: K, publicKey: string, mine: number): Promise<Account | undefined> {
    try {
      const account = await around.ofKey(publicKey);
      if (mine !== turn) return undefined;
      if (around.only === undefined || BigInt(around.only) === BigInt(account.address)) return account;
      const isSubkey = await around.isSubkeyOf(of, around.only).catch(() => false);
      if (mine !== turn) return undefined;
      drop();
      set({ ...beginning, wrong: isSubkey ? SUBKEY : refusedWords['other-account'] });
    } catch (error) {
      if (mine === turn) set({ ...beginning, error });
    }
    return undefined;
  }

  return {
    getState: (): KeyState => state,
    subscribe(listener: () => void): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },

    /** The text changed: what was known of the last one is not true any more. */
    changed(): void {
      turn += 1;
      drop();
      set(beginning);
    },

    /** Nobody types any more. */
    async look(text: string): Promise<void> {
      if (!isLookedUp(text) || state.isBusy) return;
      turn += 1;
      const mine = turn;
      const account = await read(text, mine);
      if (account !== undefined && mine === turn) set({ ...beginning, account });
    },

    /**
     * `text`: empty when the key is in the worker already. `taken`: the text is in the worker, or no key. An account that nobody knew to be new is
     * told, and made the next time.
     */
    async signIn(text: string, keep: boolean, taken?: () => void): Promise<void> {
      if (state.isBusy) return;
      turn += 1;
      const mine = turn;
      let { account } = state;
      const wasTold = account !== undefined;
      if (text.trim() !== '' || (account === undefined && key !== undefined && loaded !== undefined)) {
        set({ ...state, wrong: undefined, error: undefined, isBusy: true });
        account =
          text.trim() === '' && key !== undefined && loaded !== undefined
            ? await lookUp(key, loaded, mine)
            : await read(text, mine, taken);
        if (account === undefined || mine !== turn) return;
      }
      if (account === undefined || key === undefined || key.closed) return set({ ...beginning, wrong: NONE });
      if (!account.exists && !wasTold) return set({ ...beginning, account });
      set({ ...beginning, account, isBusy: true });
      const signing = key;
      try {
        await around.signIn({ by: 'key', key: signing, keep }, leaving.signal);
        isIn = true;
        if (!keep) signing.close();
      } catch (error) {
        set({ ...beginning, account, error });
      }
    },

    /** The page is left. What has just signed in is the session's, whose state changes first. */
    end(): void {
      listeners.clear();
      turn += 1;
      setTimeout(() => {
        if (isIn) return;
        leaving.abort();
        drop();
      }, 0);
    },
  };
}
