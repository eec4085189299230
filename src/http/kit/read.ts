// Parses what clients wrote into exact types. Each function accepts one form and throws the documented error for all others.
import type { IncomingHttpHeaders } from 'node:http';
import { parseAllowlist, type UsableAllowlist } from '../../domain/allowlist.ts';
import type { AccountId, CredentialRef } from '../../domain/credential.ts';
import { parseCredentialName } from '../../domain/credential-name.ts';
import { isCursorOf, type ListName } from '../../domain/cursor.ts';
import { type Felt, parseFelt } from '../../domain/felt.ts';
import { isCredentialKind, kindTable } from '../../domain/kinds.ts';
import { inOtherUnit, type UnixNanos, type UnixSeconds, unixNanos, unixSeconds } from '../../domain/time.ts';
import { ApiError, type ErrorCode } from '../../errors.ts';
import { decodeSiweHeader } from '../../ethereum/siwe-header.ts';
import { parseSignatureText, type StarkSignature } from '../../starknet/signature.ts';
import type { PageRequest } from '../../store/store.ts';

const missing = (what: string): ApiError => new ApiError('INVALID_REQUEST_PARAMETER', `${what} is required`);

/** A required header; throws INVALID_REQUEST_PARAMETER. */
export function requiredHeader(headers: IncomingHttpHeaders, name: string): string {
  const value = headers[name.toLowerCase()];
  if (typeof value !== 'string' || value === '') throw missing(`the header ${name}`);
  return value;
}

export function optionalHeader(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name.toLowerCase()];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** PARADEX-STARKNET-ACCOUNT, also padded or in upper case (docs/wire.md section 2). Throws INVALID_STARKNET_ADDRESS. */
export function accountHeader(headers: IncomingHttpHeaders): AccountId {
  const account = parseFelt(requiredHeader(headers, 'PARADEX-STARKNET-ACCOUNT'));
  if (account === undefined || account === '0x0') {
    throw new ApiError('INVALID_STARKNET_ADDRESS', 'PARADEX-STARKNET-ACCOUNT is not a Starknet address');
  }
  return account;
}

/** Throws INVALID_STARKNET_SIGNATURE. */
export function signatureHeader(headers: IncomingHttpHeaders): StarkSignature {
  const signature = parseSignatureText(requiredHeader(headers, 'PARADEX-STARKNET-SIGNATURE'));
  if (signature === undefined) {
    throw new ApiError(
      'INVALID_STARKNET_SIGNATURE',
      'PARADEX-STARKNET-SIGNATURE is not ["r","s"] of decimal or 0x hex strings',
    );
  }
  return signature;
}

/** Unix seconds, at most 12 digits. Throws INVALID_TIMESTAMP. */
export function timestampHeader(headers: IncomingHttpHeaders): UnixSeconds {
  const name = 'PARADEX-TIMESTAMP';
  return wholeSeconds(name, requiredHeader(headers, name), 'INVALID_TIMESTAMP');
}

/** Throws INVALID_BLOCK_EXPIRATION. */
export function expirationHeader(headers: IncomingHttpHeaders): UnixSeconds | undefined {
  const name = 'PARADEX-SIGNATURE-EXPIRATION';
  const text = optionalHeader(headers, name);
  return text === undefined ? undefined : wholeSeconds(name, text, 'INVALID_BLOCK_EXPIRATION');
}

function wholeSeconds(name: string, text: string, code: ErrorCode): UnixSeconds {
  if (/^[0-9]{1,12}$/.test(text)) return unixSeconds(Number(text));
  throw new ApiError(code, `${name} ${inOtherUnit(Number(text), 'seconds') ?? 'is not a time in unix seconds'}`);
}

/** PARADEX-AUTHORIZE-ISOLATED-MARKETS, absent = false. Throws INVALID_REQUEST_PARAMETER. */
export function isolatedHeader(headers: IncomingHttpHeaders): boolean {
  const text = optionalHeader(headers, 'PARADEX-AUTHORIZE-ISOLATED-MARKETS')?.toLowerCase() ?? 'false';
  if (text === 'true' || text === 'false') return text === 'true';
  throw new ApiError('INVALID_REQUEST_PARAMETER', 'PARADEX-AUTHORIZE-ISOLATED-MARKETS is neither true nor false');
}

/** PARADEX-SIWE-MESSAGE, decoded. Throws INVALID_EVM_SIGNATURE. */
export function siweHeader(headers: IncomingHttpHeaders): string {
  const message = decodeSiweHeader(requiredHeader(headers, 'PARADEX-SIWE-MESSAGE'));
  if (message === undefined)
    throw new ApiError('INVALID_EVM_SIGNATURE', 'PARADEX-SIWE-MESSAGE is not base64 of a UTF-8 text');
  return message;
}

/** Checks the text form only, not that the key is on the curve. Throws PUBLIC_KEY_INVALID. */
export function readPublicKey(text: string | undefined): Felt {
  const publicKey = text === undefined ? undefined : parseFelt(text);
  if (publicKey === undefined) throw new ApiError('PUBLIC_KEY_INVALID', 'the public key is not a 0x hex felt');
  return publicKey;
}

/** Throws VALIDATION_ERROR. */
export function readName(text: string): string {
  const name = parseCredentialName(text);
  if (name === undefined) {
    throw new ApiError(
      'VALIDATION_ERROR',
      'name must be 1 to 64 characters, without control or direction-changing characters',
    );
  }
  return name;
}

/** Absent = any address. Throws VALIDATION_ERROR that names the entry. */
export function readAllowlist(entries: readonly string[] | undefined): UsableAllowlist {
  const parsed = parseAllowlist(entries ?? []);
  if (!parsed.ok) throw new ApiError('VALIDATION_ERROR', `allowed_cidrs: ${parsed.problem}`);
  return parsed.list;
}

/** A query boolean: `true` in any letter case, or `1`; anything else is false. */
export const readFlag = (text: string | undefined): boolean => text?.toLowerCase() === 'true' || text === '1';

const DEFAULT_PAGE = 100;
const MAX_PAGE = 500;

/** `limit` 1 to 500, default 100, and `cursor`. Throws INVALID_REQUEST_PARAMETER. */
export function readPage(list: ListName, query: { readonly limit?: string; readonly cursor?: string }): PageRequest {
  const { limit } = query;
  const cursor = readCursor(list, query.cursor);
  if (limit === undefined || limit === '') return { limit: DEFAULT_PAGE, cursor };
  const count = /^[0-9]{1,3}$/.test(limit) ? Number(limit) : 0;
  if (count < 1 || count > MAX_PAGE) {
    throw new ApiError('INVALID_REQUEST_PARAMETER', `limit must be a whole number from 1 to ${MAX_PAGE}`);
  }
  return { limit: count, cursor };
}

/** Absent or empty = from the start. Throws INVALID_REQUEST_PARAMETER for a cursor that this list never gave. */
export function readCursor(list: ListName, text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  if (!isCursorOf(list, text)) throw new ApiError('INVALID_REQUEST_PARAMETER', `cursor is not one of this list's own`);
  return text;
}

/** A credential of the account as audit rows name it: `subkey:42`. Throws INVALID_REQUEST_PARAMETER. */
export function readCredentialOf(account: AccountId, text: string): CredentialRef {
  const [, kind, id = ''] = /^([a-z]+):(.+)$/.exec(text) ?? [];
  if (isCredentialKind(kind) && kindTable[kind].id.test(id)) return { account, kind, id };
  throw new ApiError('INVALID_REQUEST_PARAMETER', 'credential is not kind:id, as in subkey:42 or main:main');
}

/** Unix nanoseconds. Throws INVALID_REQUEST_PARAMETER. */
export function readNanos(name: string, text: string): UnixNanos {
  const value = /^[0-9]{1,19}$/.test(text) ? BigInt(text) : undefined;
  if (value !== undefined && value < 2n ** 63n) return unixNanos(value);
  throw new ApiError('INVALID_REQUEST_PARAMETER', `${name} is not a time in unix nanoseconds`);
}

/** A path parameter that the route table names. */
export function pathParam(params: Readonly<Record<string, string>>, name: string): string {
  const value = params[name];
  if (value === undefined) throw missing(name);
  return value;
}
