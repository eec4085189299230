// What is said of an order that is not forwarded: which one of the list it is, and why, in one sentence. It decides nothing.
import type { DenyReason } from '../domain/decision.ts';
import { ApiError, type ErrorCode } from '../errors.ts';

/** Of a list, from 0; undefined where the body is one order. */
export type Place = number | undefined;

type Data = Readonly<Record<string, unknown>>;

function errorOf(code: ErrorCode, message: string, place: Place, data?: Data): ApiError {
  if (place === undefined) return new ApiError(code, message, data === undefined ? {} : { data });
  return new ApiError(code, `order ${place} of the list: ${message}`, { data: { index: place, ...data } });
}

export const refusal = (message: string, place?: Place): ApiError => errorOf('INVALID_ORDER_SIGNATURE', message, place);

/** For a body or a header of it that could be read otherwise: no signature was looked at, and another one would not help. */
export const unreadable = (message: string, place?: Place): ApiError => errorOf('BINDING_ERROR', message, place);

export const notSigned = (place: Place): ApiError =>
  refusal('the signature is not by a key that this session may trade with', place);

/** What makes another order of one that hashes alike. */
export type Repeats = 'refuse' | 'distinct_client_id';

const another = (repeats: Repeats): string =>
  `another order needs another signature_timestamp, size or price${repeats === 'refuse' ? '' : ', or a client_id of its own'}`;

/** `at`: Unix milliseconds. No word of signing: a bot that signs what it has sent already has it twice. */
export function alreadySent({ at, requestId }: SentBefore, repeats: Repeats, place: Place): ApiError {
  const when = new Date(at).toISOString();
  return errorOf(
    'ORDER_ALREADY_SENT',
    `this order was sent to the venue at ${when} by request ${requestId}: look it up before you send it in any form; ${another(repeats)}`,
    place,
    { first_sent_at: at * 1e6, first_request_id: requestId },
  );
}

export interface SentBefore {
  readonly at: number;
  readonly requestId: string;
}

/** The same order twice in one list, of which nothing was sent. */
export const twiceInList = (first: number, repeats: Repeats, place: Place): ApiError =>
  errorOf(
    'ORDER_ALREADY_SENT',
    `it is the same order as order ${first} of the list, and nothing of the list was sent; ${another(repeats)}`,
    place,
    { first_index: first, sent: false },
  );

export const tooOld = (place: Place): ApiError =>
  refusal(
    'signature_timestamp is too old; look the order up before you sign it again, if it may have been sent',
    place,
  );

export const notOwnAccount = (place: Place): ApiError =>
  errorOf(
    'ISOLATED_MARKET_ACCOUNT_MISMATCH',
    'on_behalf_of_account needs a session with isolated-market authorisation',
    place,
  );

/** For a subkey whose signature was verified: others are told nothing of its list. */
export function signerRefused(reason: DenyReason, place: Place): ApiError {
  switch (reason) {
    case 'ip_not_allowed':
      return notFromHere('the client address is outside the allowlist of the subkey that signed', place);
    case 'allowlist_damaged':
      return notFromHere('the stored allowlist of the subkey that signed is damaged: replace it', place);
    case 'client_ip_unknown':
      return notFromHere('the client address could not be told', place);
    // Neither ends the subkey itself: another one would be refused, too.
    case 'account_locked':
      return refusal('the account is locked', place);
    case 'signing_key_retired':
      return refusal('the key that signed the bearer is retired; sign in again', place);
    default:
      return refusal('the subkey that signed is no longer active', place);
  }
}

const notFromHere = (message: string, place: Place): ApiError => errorOf('IP_NOT_ALLOWED', message, place);
