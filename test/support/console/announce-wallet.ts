// Puts a wallet into a page, as an extension of the browser does: it announces itself (EIP-6963), and what it is asked is answered in this process,
// by a real key.
import type { Page } from 'playwright-core';
import { createWallet } from '../../../src/client/wallet.ts';
import { answerOfWallet, type WalletBehaviour, WalletError, type WalletSpec } from './wallet-answers.ts';

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
  /** Every method that it was asked, in order. */
  readonly asked: readonly string[];
  /** From now on. */
  behave(behaviour: WalletBehaviour): void;
}

const ICON = `data:image/svg+xml,${encodeURIComponent('<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24"><rect width="24" height="24" rx="6" fill="#f6851b"/></svg>')}`;

let wallets = 0;

/** Before the page is opened. */
export async function announceWallet(page: Page, wallet: AnnouncedWallet): Promise<WalletInPage> {
  const { key, name = 'MetaMask', rdns = 'io.metamask', icon = ICON, unannounced = false } = wallet;
  let behaviour = wallet.behaviour ?? 'signs';
  const asked: string[] = [];
  const answer = answerOfWallet({
    key,
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
    const provider = Object.freeze({
      async request({ method, params = [] }) {
        const said = await ${binding}(method, params);
        if ('code' in said) throw Object.assign(new Error(said.message), { code: said.code });
        return said.value;
      },
      on() {},
      removeListener() {},
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
    asked,
    behave(next) {
      behaviour = next;
    },
  };
}
