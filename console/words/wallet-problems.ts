// Why a wallet did not do what it was asked, in words: never its own, which are anybody's.
import { isCode, NoAnswer, WalletRefused } from '../../src/client/errors.ts';

export type Problem =
  | { readonly is: 'said no' | 'busy' | 'silent' | 'contract' | 'varies' | 'no key' | 'shows none' | 'changed' | 'odd' }
  | { readonly is: 'another account' | 'no account' }
  /** `address`: as far as it is known. */
  | { readonly is: 'other signer' | 'hidden'; readonly address: string | undefined }
  /** No matter of the wallet: the server's answer, or none. */
  | { readonly is: 'refused'; readonly error: unknown };

/** `wasAsked`: whether the wallet had a question then. An end of waiting is its silence, else the server's. */
export function problemOf(error: unknown, { wasAsked, address }: { wasAsked: boolean; address?: string }): Problem {
  if (isCode(error, 'INVALID_EVM_SIGNATURE')) return { is: 'contract' };
  if (error instanceof NoAnswer && wasAsked) return { is: 'silent' };
  if (!(error instanceof WalletRefused)) return { is: 'refused', error };
  if (error.code === 4001) return { is: 'said no' };
  if (error.code === -32002) return { is: 'busy' };
  const { message } = error;
  if (/smart-contract wallet/.test(message)) return { is: 'contract' };
  if (/differently each time/.test(message)) return { is: 'varies' };
  if (/no signature of a key/.test(message)) return { is: 'no key' };
  if (/shows no account/.test(message)) return { is: 'shows none' };
  if (/does not show the account/.test(message)) return { is: 'hidden', address };
  if (/another address than was chosen/.test(message)) {
    return { is: 'other signer', address: /chosen: (0x[0-9a-f]{40})/.exec(message)?.[1] };
  }
  return { is: 'odd' };
}

const words = {
  'said no': 'You said no in the wallet. Nothing happened.',
  busy: 'The wallet has a request open already. Finish it there.',
  silent: 'The wallet did not answer. Try again, or reload the page.',
  contract: 'This is a smart-contract wallet. Only wallets with a key of their own can sign in.',
  varies: 'Your wallet signs differently each time, so no key can be made from it. Use a wallet account.',
  'no key': 'What the wallet signed is the signature of no key. Try again, or use another wallet.',
  'shows none': 'The wallet shows no account. Unlock it, choose one, and try again.',
  changed: 'The wallet shows another account now. Choose again.',
  odd: 'The wallet could not do that. Look there, then try again.',
  'another account': 'That is another account than the one this page is open for.',
  'no account': 'This wallet has no Starknet account here.',
} as const;

/** Undefined for what is not the wallet's: the page says it as it says every refusal. */
export function problemWords(problem: Problem): string | undefined {
  if (problem.is === 'refused') return undefined;
  if (problem.is === 'other signer') {
    return `You signed with another address than you chose${problem.address === undefined ? '' : `: ${shortAddress(problem.address)}`}.`;
  }
  if (problem.is === 'hidden') {
    const which = problem.address === undefined ? 'the account you chose' : shortAddress(problem.address);
    return `The wallet does not show ${which} any more. Choose it there, or choose another here.`;
  }
  return words[problem.is];
}

/** `0xabcd…1234`. */
export const shortAddress = (text: string): string => `${text.slice(0, 6)}…${text.slice(-4)}`;
