// The steps of signing in with a wallet, without a page: what is shown is its state, what a person presses is a method. A wallet may be
// silent, refuse, be on another chain or change its account at any of them; whatever it answers after it was given up is not heard.
import { asked as askedOf } from '../../../../src/client/eip1193.ts';
import type { FoundWallet } from '../../../app/wallets/announced.ts';
import { addressesIn, chainIn, type WaitedFor, waitedFor, watchAccounts } from '../../../app/wallets/ask.ts';
import { problemOf } from '../../../words/wallet-problems.ts';
import {
  type Account,
  type Asking,
  beginning,
  type Doing,
  isSigned,
  type Key,
  type Step,
  type Surroundings,
  type WalletOwner,
  type WalletState,
} from './state.ts';

const SLOW_MS = 30_000;
const SILENT_MS = 120_000;
/** What is signed is good no longer. */
const UNSIGNED_MS = 300_000;

const sameHex = (one: string, other: string): boolean => BigInt(one) === BigInt(other);

export type WalletSteps = ReturnType<typeof createWalletSteps>;

export function createWalletSteps<K extends Key>(around: Surroundings<K>) {
  let state = beginning;
  const listeners = new Set<() => void>();
  let asked: WaitedFor | undefined;
  let stop: AbortController | undefined;
  let key: K | undefined;
  let shown: readonly string[] = [];
  let unwatch: () => void = () => undefined;
  /** Of the latest thing begun: an older one changes nothing any more. */
  let turn = 0;
  let timers: ReturnType<typeof setTimeout>[] = [];

  const set = (part: Partial<WalletState>): void => {
    state = { ...state, problem: undefined, ...part };
    for (const listener of [...listeners]) listener();
  };
  const stopTimers = (): void => {
    for (const timer of timers.splice(0)) clearTimeout(timer);
  };
  const dropKey = (): void => {
    key?.close();
    key = undefined;
  };
  const giveUp = (): void => {
    turn += 1;
    stopTimers();
    asked?.giveUp();
    asked = undefined;
    stop?.abort();
    stop = undefined;
  };

  function startTimers(back: Step, patienceMs: number): void {
    stopTimers();
    timers = [
      setTimeout(() => {
        if (state.step.at === 'connecting' || state.step.at === 'signing')
          set({ step: { ...state.step, isSlow: true } });
      }, SLOW_MS),
      setTimeout(() => {
        giveUp();
        set({ step: back, problem: { is: 'silent' } });
      }, patienceMs),
    ];
  }

  /** One thing that waits for a wallet or the server. When it fails the page is at `back`, and says why. */
  async function attempt(
    back: Step,
    work: (wallet: WaitedFor) => Promise<void>,
    patienceMs = UNSIGNED_MS,
  ): Promise<void> {
    const { wallet, address } = state;
    if (wallet === undefined) return;
    giveUp();
    const mine = turn;
    const waited = waitedFor(wallet.provider);
    asked = waited;
    startTimers(back, patienceMs);
    try {
      await work(waited);
      if (mine === turn) stopTimers();
    } catch (error) {
      if (mine !== turn) return;
      const wasAsked = waited.isAsked;
      giveUp();
      set({ step: back, problem: problemOf(error, { wasAsked, ...(address === undefined ? {} : { address }) }) });
    }
  }

  async function look(address: string): Promise<void> {
    set({ step: { at: 'looking' }, address, own: undefined, derived: undefined });
    dropKey();
    await attempt(beforeAddress(), async () => {
      const mine = turn;
      const own = await around.ofAddress(address);
      if (mine === turn) set({ step: { at: 'accounts' }, own });
    });
  }

  const beforeAddress = (): Step => (shown.length > 1 ? { at: 'addresses', addresses: shown } : { at: 'wallets' });

  function onAccounts(now: readonly string[]): void {
    const { address, step } = state;
    if (step.at === 'in' || step.at === 'signing') return;
    shown = now;
    if (address === undefined ? step.at !== 'addresses' : now.includes(address)) return;
    giveUp();
    dropKey();
    const nothing = { address: undefined, own: undefined, derived: undefined };
    if (now.length === 0) set({ ...nothing, step: { at: 'wallets' }, problem: { is: 'shows none' } });
    else set({ ...nothing, step: { at: 'addresses', addresses: now }, problem: { is: 'changed' } });
  }

  /** On the venue's chain, or a step that says what to do. */
  async function isOnChain(wallet: WaitedFor, mine: number): Promise<boolean> {
    const on = chainIn(await askedOf(wallet, 'eth_chainId', []));
    if (mine !== turn) return false;
    if (on === around.chainId) return true;
    set({ step: { at: 'chain', on, cannotSwitch: false, isBusy: false } });
    return false;
  }

  let asking: Asking = 'sign-in';
  let isLook = false;

  const before = (what: Asking): Step => {
    const of = what === 'sign-in' ? state.own : state.derived;
    return { at: 'before', asking: what, isNew: of?.exists === false };
  };

  async function sign(): Promise<void> {
    const { wallet, address } = state;
    if (wallet === undefined || address === undefined) return;
    const back = before(asking);
    set({ step: { at: 'signing', asking, doing: asking === 'key' ? 'signing' : 'waiting-for-wallet', isSlow: false } });
    await attempt(back, async (waited) => {
      const mine = turn;
      if (asking !== 'key' && !(await isOnChain(waited, mine))) return;
      if (asking === 'derive') return derive(waited, address, mine);
      await signIn(waited, wallet, address, mine);
    });
  }

  async function derive(waited: WaitedFor, address: string, mine: number): Promise<void> {
    const signature = await around.signature(waited, address);
    if (mine !== turn) return;
    dropKey();
    const made = around.openKey();
    key = made;
    const { publicKeys } = await made.derive(signature);
    let found: { readonly publicKey: string; readonly account: Account } | undefined;
    for (const publicKey of publicKeys) {
      const account = await around.ofKey(publicKey);
      if (found === undefined || account.exists) found = { publicKey, account };
      if (account.exists) break;
    }
    if (mine !== turn || found === undefined) return;
    await made.use(found.publicKey);
    if (mine !== turn) return;
    const derived = found.account;
    set({ derived });
    if (around.only !== undefined && !sameHex(around.only, derived.address)) {
      set({ step: { at: 'accounts' }, problem: { is: 'another account' } });
    } else if (derived.exists && state.own?.exists !== true) {
      choose('key');
    } else if (isLook) {
      set({ step: { at: 'accounts' }, problem: derived.exists ? undefined : { is: 'no account' } });
    } else choose('key');
  }

  async function signIn(waited: WaitedFor, wallet: FoundWallet, address: string, mine: number): Promise<void> {
    const heard = (doing: Doing): void => {
      const { step } = state;
      if (mine !== turn || step.at !== 'signing') return;
      const next: Step = { ...step, doing, isSlow: false };
      // Whoever has signed is in, or is told why not: no timer ends that half-way.
      if (isSigned(next)) stopTimers();
      else startTimers(before(asking), UNSIGNED_MS);
      set({ step: next });
    };
    const stopping = new AbortController();
    stop = stopping;
    const owner: WalletOwner<K> =
      asking !== 'key' || key === undefined
        ? { by: 'wallet', provider: waited, address, walletName: wallet.name }
        : { by: 'key', key, keep: true };
    await around.signIn(owner, { onStep: heard, signal: stopping.signal });
    if (mine !== turn) return;
    // Both belong to the session now.
    key = undefined;
    asked = undefined;
    stop = undefined;
    set({ step: { at: 'in' } });
  }

  /** What is known already and needs no wallet begins at once; what asks the wallet is told about before. */
  function choose(what: Asking): void {
    asking = what;
    if (what === 'key' && state.derived?.exists === true) void sign();
    else set({ step: before(what) });
  }

  return {
    getState: (): WalletState => state,
    subscribe(listener: () => void): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },

    connect(wallet: FoundWallet): Promise<void> {
      giveUp();
      dropKey();
      unwatch();
      set({ ...beginning, wallet, step: { at: 'connecting', isSlow: false } });
      unwatch = watchAccounts(wallet.provider, (now) => {
        if (state.wallet === wallet) onAccounts(now);
      });
      const work = async (waited: WaitedFor): Promise<void> => {
        const mine = turn;
        const addresses = addressesIn(await askedOf(waited, 'eth_requestAccounts', []));
        if (mine !== turn) return;
        shown = addresses;
        const [first] = addresses;
        if (first === undefined) set({ step: { at: 'wallets' }, problem: { is: 'shows none' } });
        else if (addresses.length > 1) set({ step: { at: 'addresses', addresses } });
        else void look(first);
      };
      return attempt({ at: 'wallets' }, work, SILENT_MS);
    },

    chooseAddress: look,
    chooseOwn: () => choose('sign-in'),
    /** The account whose key was made already, or the step that asks for the signature. */
    chooseDerived() {
      isLook = false;
      choose(state.derived === undefined ? 'derive' : 'key');
    },
    lookForDerived() {
      isLook = true;
      choose('derive');
    },
    sign,

    async switchChain(): Promise<void> {
      const { step } = state;
      if (step.at !== 'chain') return;
      set({ step: { ...step, isBusy: true } });
      await attempt({ ...step, isBusy: false }, async (waited) => {
        const mine = turn;
        const chainId = `0x${BigInt(around.chainId).toString(16)}`;
        try {
          await askedOf(waited, 'wallet_switchEthereumChain', [{ chainId }]);
        } catch (error) {
          const { is } = problemOf(error, { wasAsked: false });
          if (is === 'said no' || is === 'busy') throw error;
          if (mine === turn) set({ step: { ...step, cannotSwitch: true, isBusy: false } });
          return;
        }
        if (mine === turn) void sign();
      });
    },

    /** Ends whatever is waited for, a step back. */
    cancel(): void {
      const { step } = state;
      giveUp();
      if (step.at === 'signing' || step.at === 'chain') set({ step: before(asking) });
      else if (step.at === 'looking') set({ step: beforeAddress() });
      else set({ step: { at: 'wallets' } });
    },

    back(): void {
      const { step } = state;
      giveUp();
      if (step.at === 'chain') set({ step: before(asking) });
      else if (step.at === 'before' && state.own !== undefined) set({ step: { at: 'accounts' } });
      else if (step.at === 'accounts') set({ step: beforeAddress() });
      else set({ step: { at: 'wallets' } });
    },

    /** The page is left. What has just signed in is the session's, whose state changes first. */
    end(): void {
      listeners.clear();
      unwatch();
      setTimeout(() => {
        giveUp();
        dropKey();
      }, 0);
    },
  };
}
