// What is said of an order that is not forwarded: which one of the list it is, and why, in one sentence. It decides nothing.
import type { DenyReason } from '../domain/decision.ts';
import { ApiError, type ErrorCode } from '../errors.ts';

/** Of a list, from 0; undefined where the body is one order. */
export type Place = number | undefined;

function errorOf(code: ErrorCode, message: string, place: Place): ApiError {
  if (place === undefined) return new ApiError(code, message);
  return new ApiError(code, `order ${place} of the list: ${message}`, { data: { index: place } });
}

export const refusal = (message: string, place?: Place): ApiError => errorOf('INVALID_ORDER_SIGNATURE', message, place);

/** For a body or a header of it that could be read otherwise: no signature was looked at, and another one would not help. */
export const unreadable = (message: string, place?: Place): ApiError => errorOf('BINDING_ERROR', message, place);

export const notSigned = (place: Place): ApiError =>
  refusal('the signature is not by a key that this session may trade with', place);

export const repeated = (place: Place): ApiError =>
  refusal('this order was forwarded before; sign it again with another signature_timestamp', place);

export const tooOld = (place: Place): ApiError => refusal('signature_timestamp is too old; sign again', place);

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
