// Asks the owner for one action: the main key that is held, one that is pasted for it, or the wallet. Nothing of it is kept afterwards.
import { type RefObject, useEffect, useRef, useState, useSyncExternalStore } from 'react';
import type { Auth } from '../../../src/client/auth.ts';
import type { Client } from '../../../src/client/create-client.ts';
import type { Eip1193Provider } from '../../../src/client/eip1193.ts';
import { Aborted, NoAnswer } from '../../../src/client/errors.ts';
import { Worded } from '../../words/worded.ts';
import { type MainKeyHandle, openMainKey, readyMainKey } from '../../worker/main-key.ts';
import { MainKeyRefused } from '../../worker/main-key-refused.ts';
import { publicClient, useSignedIn } from '../session/session.tsx';
import type { HeldOwner } from '../session/types.ts';
import { heldOwner, holdOwner, onOwner } from './held-owner.ts';
import { clientOfOwner, type OwnerStep } from './owner-client.ts';
import { addressOfAccount, keyOfAccount } from './wallet-of-account.ts';

export interface Owner {
  readonly needs: 'nothing' | 'wallet' | 'key' | 'which-wallet';
  /** The wallet's own text: anybody's. Undefined where no wallet signs. */
  readonly walletName: string | undefined;
  /** Of `key`: whoever shows the form shows it (OwnerField does). */
  readonly keyField: RefObject<HTMLInputElement | null>;
  /** Of the key that was pasted: why not; until the next change. */
  readonly keyError: string | undefined;
  forgetError(): void;
  /**
   * Of `which-wallet`; of `key`, the wallet that the key is made from, which signs twice. Rejects with WalletRefused, or words for the person.
   */
  choose(wallet: { readonly provider: Eip1193Provider; readonly name: string }): Promise<void>;
  /**
   * `work` does one thing. `by.client` has a main session of its own, which is on exactly one request; `by.auth` signs the registration of a
   * subkey, which the device's client sends. Rejects as `work` does, with WalletRefused, and with Worded for a key that is none.
   */
  act<T>(
    work: (by: { readonly client: Client; readonly auth: Auth }) => Promise<T>,
    options?: { readonly onStep?: (step: OwnerStep) => void; readonly signal?: AbortSignal },
  ): Promise<T>;
}

export function useOwner(): Owner {
  const { account, kind } = useSignedIn();
  const held = useSyncExternalStore(onOwner, heldOwner);
  const keyField = useRef<HTMLInputElement>(null);
  /** What was pasted for this form: until it is done, or gone. */
  const [pasted, setPasted] = useState<MainKeyHandle>();
  const latest = useRef<MainKeyHandle>(undefined);
  /** The key that is known to be of this account. */
  const known = useRef<MainKeyHandle>(undefined);
  const [keyError, setKeyError] = useState<string>();
  useEffect(() => () => pasted?.close(), [pasted]);
  const isShown = useIsShown();

  const usable = usableOf(held, pasted);

  const keepPasted = (key: MainKeyHandle | undefined) => {
    latest.current = key;
    setPasted(key);
  };
  /** A key that comes after its form is gone is gone, too: nothing else would close it. */
  const hold = (key: MainKeyHandle): void => {
    if (!isShown()) {
      key.close();
      throw new Aborted('unsent');
    }
    keepPasted(key);
  };

  /** As it is now: a write that is repeated calls the `act` of the page that it began on. */
  async function ownerNow(): Promise<HeldOwner> {
    let now = usableOf(heldOwner(), latest.current);
    if (now === undefined) {
      if (kind === 'wallet') throw new Worded('Choose your wallet first.');
      const key = await pastedKey(keyField.current, account);
      hold(key);
      now = { by: 'key', key, keep: false };
    }
    if (now.by === 'key' && now.key === latest.current && now.key !== known.current) await check(now.key);
    return now;
  }

  /** Of an answer that got lost the key waits for the next try: it need not be pasted again. */
  async function check(key: MainKeyHandle): Promise<void> {
    try {
      const { address } = await publicClient.account.of({ public_key: key.publicKey ?? '' });
      if (BigInt(address) !== BigInt(account)) {
        key.close();
        keepPasted(undefined);
        throw new MainKeyRefused('other-account');
      }
      known.current = key;
    } catch (error) {
      // Only what the key would have signed makes or changes anything.
      throw error instanceof NoAnswer ? new NoAnswer(error.message, 'unsent') : error;
    }
  }

  return {
    needs: needsOf(usable, kind),
    walletName: usable?.by === 'wallet' ? usable.walletName : undefined,
    keyField,
    keyError,
    forgetError: () => setKeyError(undefined),
    async choose({ provider, name }) {
      if (kind === 'starknet') {
        const key = await keyOfAccount(provider, account, publicClient);
        known.current = key;
        return hold(key);
      }
      const address = await addressOfAccount(provider, account, publicClient);
      // Its person may be gone by now, and another account signed in.
      if (!isShown()) throw new Aborted('unsent');
      holdOwner({ by: 'wallet', provider, address, walletName: name });
    },
    async act(work, { onStep, signal } = {}) {
      let owner: HeldOwner;
      try {
        owner = await ownerNow();
      } catch (error) {
        if (error instanceof Worded) setKeyError(error.message);
        throw error;
      }
      signal?.throwIfAborted();
      const done = await work(clientOfOwner(owner, { account, ...(onStep === undefined ? {} : { onStep }) }));
      // Used once for this and forgotten; after a failure it waits for the next try of the same form.
      if (owner.by === 'key' && !owner.keep) {
        owner.key.close();
        keepPasted(undefined);
      }
      return done;
    },
  };
}

const usableOf = (held: HeldOwner | undefined, pasted: MainKeyHandle | undefined): HeldOwner | undefined =>
  held ?? (pasted === undefined || pasted.closed ? undefined : { by: 'key', key: pasted, keep: false });

function useIsShown(): () => boolean {
  const isShown = useRef(false);
  useEffect(() => {
    isShown.current = true;
    return () => {
      isShown.current = false;
    };
  }, []);
  return () => isShown.current;
}

function needsOf(owner: HeldOwner | undefined, kind: 'starknet' | 'wallet'): Owner['needs'] {
  if (owner !== undefined) return owner.by === 'key' ? 'nothing' : 'wallet';
  return kind === 'starknet' ? 'key' : 'which-wallet';
}

/** A field that asks for the main key: the worker that takes it is there before it is pasted. */
export const useReadyForKey = (): void => useEffect(readyMainKey, []);

/** Empties the field as soon as the worker has its text, or says that it is no key. */
async function pastedKey(field: HTMLInputElement | null, account: string): Promise<MainKeyHandle> {
  const text = field?.value ?? '';
  if (text.trim() === '') throw new Worded('Paste your main private key.');
  const key = openMainKey();
  try {
    await key.load(text, { not: [account] });
    emptied(field);
    return key;
  } catch (error) {
    key.close();
    if (!(error instanceof MainKeyRefused && error.because === 'broken')) emptied(field);
    throw error;
  }
}

function emptied(field: HTMLInputElement | null): void {
  if (field !== null) field.value = '';
}
