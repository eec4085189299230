// The errors for orders that are not forwarded: which order of the list, and why. Decides nothing.
import type { SignerRefusal } from '../access/signer.ts';
import { shownEntries } from '../domain/allowlist.ts';
import { ApiError, type ApiErrorOptions, type ErrorCode } from '../errors.ts';

/** Index in the list, from 0; undefined when the body is one order. */
export type Place = number | undefined;

type Data = Readonly<Record<string, unknown>>;
type Own = Pick<ApiErrorOptions, 'facts' | 'reason'>;

function errorOf(code: ErrorCode, message: string, place: Place, data?: Data, own: Own = {}): ApiError {
  if (place === undefined) return new ApiError(code, message, data === undefined ? own : { ...own, data });
  return new ApiError(code, `order ${place} of the list: ${message}`, { ...own, data: { index: place, ...data } });
}

export const refusal = (message: string, place?: Place, own?: Own): ApiError =>
  errorOf('INVALID_ORDER_SIGNATURE', message, place, undefined, own);

/** The body has more than one reading. No signature was verified, and signing again would not help. */
export const unreadable = (message: string, place?: Place): ApiError =>
  errorOf('BINDING_ERROR', message, place, undefined, { reason: 'order_refused' });

export const notSigned = (place: Place): ApiError =>
  refusal('the signature is not by a key that this session may trade with', place);

/** Setting orders.repeats: what makes a second order of the same hash another order. */
export type Repeats = 'refuse' | 'distinct_client_id';

const another = (repeats: Repeats): string =>
  `another order needs another signature_timestamp, size or price${repeats === 'refuse' ? '' : ', or a client_id of its own'}`;

/** `at`: Unix milliseconds. The message does not suggest signing again: a bot that did would have the order twice. */
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

/** The same order twice in one list. Nothing of the list was sent. */
export const twiceInList = (first: number, repeats: Repeats, place: Place): ApiError =>
  errorOf(
    'ORDER_ALREADY_SENT',
    `it is the same order as order ${first} of the list, and nothing of the list was sent; ${another(repeats)}`,
    place,
    { first_index: first, sent: false },
  );

/** `signedAt`: unix milliseconds, as for `fromFuture`. */
export const tooOld = (place: Place, signedAt: number): ApiError =>
  refusal(
    'signature_timestamp is too old; look the order up before you sign it again, if it may have been sent',
    place,
    signedAtOf(signedAt),
  );

export const fromFuture = (place: Place, signedAt: number): ApiError =>
  refusal('signature_timestamp is in the future', place, signedAtOf(signedAt));

const signedAtOf = (millis: number): Own => ({ facts: { signedAt: BigInt(Math.trunc(millis)) * 1_000_000n } });

export const notOwnAccount = (place: Place): ApiError =>
  errorOf(
    'ISOLATED_MARKET_ACCOUNT_MISMATCH',
    'on_behalf_of_account needs a session with isolated-market authorisation',
    place,
  );

/** Only after the subkey's signature was verified: others learn nothing about its allowlist. */
export function signerRefused(refused: SignerRefusal, place: Place): ApiError {
  switch (refused.reason) {
    case 'ip_not_allowed':
      return notFromHere(refused, 'the client address is outside the allowlist of the subkey that signed', place);
    case 'allowlist_damaged':
      return notFromHere(refused, 'the stored allowlist of the subkey that signed is damaged: replace it', place);
    case 'client_ip_unknown':
      return notFromHere(refused, 'the client address could not be told', place);
    // Not the subkey's fault: another subkey would be refused too.
    case 'account_locked':
      return refusal('the account is locked', place);
    case 'signing_key_retired':
      return refusal('the key that signed the bearer is retired; sign in again', place);
    default:
      return refusal('the subkey that signed is no longer active', place);
  }
}

const notFromHere = ({ reason, allowlist }: SignerRefusal, message: string, place: Place): ApiError =>
  errorOf('IP_NOT_ALLOWED', message, place, undefined, {
    reason,
    facts: allowlist === undefined ? {} : { allowedCidrs: shownEntries(allowlist) },
  });
