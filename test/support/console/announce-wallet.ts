// Puts a wallet into a page, as an extension of the browser does: it announces itself (EIP-6963), and what it is asked is answered in this process,
// by a real key.
import type { Page } from 'playwright-core';
import { createWallet } from '../../../src/client/wallet.ts';
import { answerOfWallet, otherWallet, type WalletBehaviour, WalletError, type WalletSpec } from './wallet-answers.ts';

export interface AnnouncedWallet extends WalletSpec {
  readonly name?: string;
  /** The reverse domain that it claims. */
  readonly rdns?: string;
  readonly icon?: string;
  /** As `window.ethereum` alone, without an announcement. */
  readonly unannounced?: boolean;
}

export interface WalletInPage {
  readonly address: string;
  /** Of `two accounts` and `changes account`: the one that is not the key's. */
  readonly otherAddress: string;
  /** Every method that it was asked, in order. */
  readonly asked: readonly string[];
  /** From now on. */
  behave(behaviour: WalletBehaviour): void;
  /** Of `late`: signs what it was asked, and resolves once the page has the answer. */
  signLate(): Promise<void>;
  /** Tells the page of other accounts (`accountsChanged`), as a wallet does whose person chose another. */
  changeAccounts(addresses: readonly string[]): Promise<void>;
}

const ICON = `data:image/svg+xml,${encodeURIComponent('<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24"><rect width="24" height="24" rx="6" fill="#f6851b"/></svg>')}`;

let wallets = 0;

/** Before the page is opened. */
export async function announceWallet(page: Page, wallet: AnnouncedWallet): Promise<WalletInPage> {
  const { key, name = 'MetaMask', rdns = 'io.metamask', icon = ICON, unannounced = false } = wallet;
  let behaviour = wallet.behaviour ?? 'signs';
  const asked: string[] = [];
  const late: (() => void)[] = [];
  const answer = answerOfWallet({
    key,
    untilLate: () => new Promise((resolve) => void late.push(resolve)),
    current: () => behaviour,
    onAsked(method, params) {
      asked.push(method);
      wallet.onAsked?.(method, params);
    },
  });
  wallets += 1;
  const binding = `askWallet${wallets}`;
  await page.exposeFunction(binding, (method: string, params: readonly unknown[]) =>
    answer(method, params).then(
      (value) => ({ value }),
      (error: unknown) => ({ code: error instanceof WalletError ? error.code : -32_603, message: String(error) }),
    ),
  );
  const uuid = `00000000-0000-4000-8000-${String(wallets).padStart(12, '0')}`;
  const info = JSON.stringify({ uuid, name, icon, rdns });
  await page.addInitScript(`{
    const hearing = new Set();
    const provider = Object.freeze({
      async request({ method, params = [] }) {
        const said = await ${binding}(method, params);
        if ('code' in said) throw Object.assign(new Error(said.message), { code: said.code });
        return said.value;
      },
      on(event, hear) {
        if (event === 'accountsChanged') hearing.add(hear);
      },
      removeListener(_, hear) {
        hearing.delete(hear);
      },
    });
    addEventListener('${binding}: accounts', ({ detail }) => {
      for (const hear of hearing) hear(detail);
    });
    if (${unannounced}) window.ethereum = provider;
    else {
      const announce = () => dispatchEvent(new CustomEvent('eip6963:announceProvider', {
        detail: Object.freeze({ info: Object.freeze(${info}), provider }),
      }));
      addEventListener('eip6963:requestProvider', announce);
      announce();
    }
  }`);
  return {
    address: createWallet(key).address,
    otherAddress: otherWallet(key).address,
    asked,
    behave(next) {
      behaviour = next;
    },
    async signLate() {
      for (const sign of late.splice(0)) sign();
      // What the page does with the answer is done by then.
      await page.evaluate('new Promise((done) => setTimeout(done, 50))');
    },
    async changeAccounts(addresses) {
      await page.evaluate(
        `dispatchEvent(new CustomEvent('${binding}: accounts', { detail: ${JSON.stringify(addresses)} }))`,
      );
    },
  };
}
