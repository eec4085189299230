// What a failed call means, in one sentence for the owner. Every code has one; none says a secret.
import type { ErrorCode } from '../domain/error-codes.ts';
import { Aborted, CountersignError, NoAnswer, WalletRefused } from './errors.ts';
import { HandOffDamaged } from './hand-off.ts';

type Sentence = string | ((error: CountersignError) => string);

const mistake = 'The server made a mistake. Nothing was changed unless you see it in the list.';
const notAccepted = ({ message }: CountersignError): string => `The server did not accept this: ${ended(message)}`;
const wait = ({ retryAfterSeconds }: CountersignError): string =>
  `Too many requests. ${retryAfterSeconds === undefined ? 'Try again in a moment.' : `Try again in ${retryAfterSeconds} s.`}`;

const sentences: Readonly<Record<ErrorCode, Sentence>> = {
  TOKEN_LIMIT_REACHED: ({ message }) =>
    `You have ${inMessage(message, /has (\d+) live/, 'as many')} read-only keys, the most this venue allows. Delete one first.`,
  VALIDATION_ERROR: (error) => {
    const [, count, which] = /has (\d+) (live|pending) subkeys/.exec(error.message) ?? [];
    if (count === undefined) return notAccepted(error);
    const waiting = which === 'pending' ? ' that wait for a phone' : '';
    return `You have ${count} subkeys${waiting}, the most this venue allows. Delete one first.`;
  },
  BINDING_ERROR: notAccepted,
  INVALID_REQUEST_PARAMETER: notAccepted,
  NOT_ONBOARDED: 'This account is not known here yet. It has to be made first.',
  INVALID_STARKNET_ADDRESS: 'That is not the account of this key.',
  INVALID_STARKNET_SIGNATURE: notAccepted,
  PUBLIC_KEY_INVALID: 'That is not a Starknet public key.',
  INVALID_TIMESTAMP: clockWords,
  INVALID_BLOCK_EXPIRATION: clockWords,
  INVALID_ETHEREUM_ADDRESS: 'That is not an Ethereum address.',
  INVALID_EVM_SIGNATURE: (error) =>
    error.message.startsWith('the signature ')
      ? 'This is a smart-contract wallet. Only wallets with a key of their own can sign in.'
      : notAccepted(error),
  INVALID_PARENT_ACCOUNT: notAccepted,
  EVM_VAULT_OPERATORS_DISABLED: notAccepted,
  SUBKEY_NOT_ACTIVATABLE:
    'This code is no longer good: it ran out, or the key was deleted. Make a new one on your computer.',
  SUBKEY_ALREADY_ACTIVATED: ({ data }) =>
    `This code was used already. If that was not you, delete the key on your computer now.${textIn(data, 'client_ip', (ip) => ` It was taken from ${ip}.`)}`,
  NOT_UNIQUE: 'This public key is registered already.',
  INVALID_ORDER_SIGNATURE: ({ message }) => `The order's signature was not accepted: ${ended(message)}`,
  ORDER_ALREADY_SENT: 'This order was sent to the venue already. Look it up before you send anything in its place.',
  UNAUTHORIZED_ERROR: 'You are not signed in any more. Sign in again.',
  STARKNET_SIGNATURE_VERIFICATION_FAILED: 'That key does not belong to this account.',
  EVM_SIGNATURE_VERIFICATION_FAILED:
    "The venue did not accept this wallet message. It may be set up for another address than this page's.",
  ETHEREUM_SIGNER_MISMATCH: ({ message }) => {
    const [, start, end] = /by (0x[0-9a-f]{4})[0-9a-f]{32}([0-9a-f]{4}), and not by 0x/.exec(message) ?? [];
    if (/wallet of this account/.test(message))
      return 'This account belongs to another wallet than the one that signed.';
    return `You signed with another address than you chose${start === undefined ? '' : `: ${start}…${end}`}.`;
  },
  INVALID_SUBKEY: ({ status, message }) => {
    if (status === 401)
      return 'This key signs in no more: it was ended, waits for its phone, or never was a subkey here.';
    if (/main key/.test(message)) return 'The main key cannot be a subkey. Make a new one.';
    return 'This key was ended before and cannot come back. Make a new one.';
  },
  SIGNATURE_ALREADY_USED: 'This signature was used already. Sign anew.',
  INVALID_TOKEN_SCOPE: 'That needs your main key.',
  IP_NOT_ALLOWED: ({ message }) =>
    /could not be told/.test(message)
      ? 'Your venue could not tell your address.'
      : "Your address is not in this key's list.",
  REQUEST_NOT_ALLOWED: ({ message }) =>
    /locked/.test(message)
      ? 'Your venue has locked this account. Nothing can be used until it unlocks it; nothing is lost.'
      : 'Your venue has switched this off.',
  ALLOWLIST_ENTRY_NOT_FOUND: 'This venue admits only accounts it has listed.',
  ISOLATED_MARKET_ACCOUNT_MISMATCH: notAccepted,
  NOT_FOUND: ({ message }) => {
    if (/^no such (?:token|subkey|device)$/.test(message)) return 'This key is gone: it was ended meanwhile.';
    return /^no refusal /.test(message) ? `There is ${ended(message)}` : 'This is not here.';
  },
  ACCOUNT_NOT_FOUND: 'This account is not known here.',
  METHOD_NOT_ALLOWED: notAccepted,
  REQUEST_TIMEOUT: 'The request took too long to arrive. Try again.',
  PAYLOAD_TOO_LARGE: notAccepted,
  URI_TOO_LONG: notAccepted,
  RATE_LIMITED: wait,
  ONBOARDING_RATE_LIMITED: wait,
  HEADERS_TOO_LARGE: notAccepted,
  INTERNAL_ERROR: mistake,
  SERVICE_UNAVAILABLE:
    'The server is not answering as it should, so it did nothing that it is sure of. Try again, then look.',
};

const isKnown = (code: string): code is ErrorCode => Object.hasOwn(sentences, code);

/** One sentence, or two. For an error that is none of the client's: its own message. */
export function sentenceOf(error: unknown): string {
  if (error instanceof CountersignError) {
    const { code } = error;
    const words = isKnown(code) ? sentences[code] : mistake;
    return typeof words === 'string' ? words : words(error);
  }
  if (error instanceof NoAnswer) {
    return error.phase === 'unsent'
      ? 'No connection. Nothing was sent.'
      : 'No connection. We do not know whether it arrived.';
  }
  if (error instanceof Aborted) return 'It was stopped before there was an answer.';
  if (error instanceof WalletRefused) return walletWords(error);
  if (error instanceof HandOffDamaged) return 'The code is damaged. Scan it again.';
  return error instanceof Error ? error.message : mistake;
}

/** Of a hand-off that was not taken: the same, but where the codes mean something else there. */
export function sentenceOfTaking(error: unknown): string {
  if (error instanceof CountersignError) {
    const { code } = error;
    if (code === 'NOT_FOUND') return 'This code ran out. Make a new one on your computer.';
    if (code === 'INVALID_TIMESTAMP') {
      return skewWords(
        error,
        (span, way) => `This phone's clock is ${span} ${way}. Set it to automatic and scan again.`,
      );
    }
    if (code === 'STARKNET_SIGNATURE_VERIFICATION_FAILED') return sentenceOf(new HandOffDamaged('key'));
  }
  if (error instanceof NoAnswer) {
    return error.phase === 'unsent'
      ? 'No connection. The code is still good: try again.'
      : 'No connection. We do not know whether it arrived. Try again: then the code says whether it was used.';
  }
  return sentenceOf(error);
}

function walletWords({ code, message }: WalletRefused): string {
  if (code === 4001) return 'You said no in the wallet. Nothing happened.';
  if (code === -32002) return 'The wallet has a request open already. Finish it there.';
  return ended(message);
}

function clockWords(error: CountersignError): string {
  const wait = numberIn(error.data, 'wait_seconds');
  if (wait === 0) return 'You can sign in again now.';
  if (wait !== undefined) return `You can sign in again in ${wait} s.`;
  return skewWords(error, (span) => `Your clock and the server's are ${span} apart, and it keeps refusing.`);
}

function skewWords(error: CountersignError, words: (span: string, way: 'behind' | 'ahead') => string): string {
  const skew = numberIn(error.data, 'skew_seconds');
  return skew === undefined ? notAccepted(error) : words(spanOf(Math.abs(skew)), skew < 0 ? 'behind' : 'ahead');
}

const spanOf = (seconds: number): string => (seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`);

function numberIn(data: unknown, name: string): number | undefined {
  const value = memberOf(data, name);
  return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : undefined;
}

function textIn(data: unknown, name: string, words: (text: string) => string): string {
  const value = memberOf(data, name);
  return typeof value === 'string' && value !== '' ? words(value) : '';
}

const memberOf = (data: unknown, name: string): unknown =>
  typeof data === 'object' && data !== null ? Object.entries(data).find(([key]) => key === name)?.[1] : undefined;

const inMessage = (message: string, form: RegExp, otherwise: string): string => form.exec(message)?.[1] ?? otherwise;

const ended = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);
