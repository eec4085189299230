// Sign-In with Ethereum (EIP-4361) as the three Paradex flows use it (docs/wire.md section 5): reading the message, and what it must say.
// The signature covers the exact text, so nothing is trimmed, repaired or skipped: a message is read whole or not at all.
import { type Felt, parseFelt } from '../domain/felt.ts';
import { addSeconds, type UnixNanos } from '../domain/time.ts';
import { type EthereumAddress, parseEthereumAddress } from './eip191.ts';
import { parseRfc3339 } from './rfc3339.ts';

export interface SiweMessage {
  /** As written: an authority without scheme or user. */
  readonly domain: string;
  /** Lower case. Proves nothing until it equals the recovered signer. */
  readonly address: EthereumAddress;
  readonly statement: string;
  readonly uri: string;
  readonly version: '1';
  readonly chainId: number;
  readonly nonce: string;
  /** EIP-4361 requires it; the onboarding example of the Paradex docs has none. */
  readonly issuedAt: UnixNanos | undefined;
  readonly expirationTime: UnixNanos | undefined;
}

/** The messages of all known clients are under 500 bytes. */
export const MAX_SIWE_BYTES = 4096;

/** A host name or bracketed IPv6 address, with or without a port: what a browser's address bar shows. */
const authority = '(?:[A-Za-z0-9.-]{1,253}|\\[[0-9A-Fa-f:.]{2,45}\\])(?::[0-9]{1,5})?';
const domainForm = new RegExp(`^${authority}$`);
const uriForm = new RegExp(`^https?://${authority}(?:/[A-Za-z0-9\\-._~:/@!$&'()*+,;=]*)?$`);
const schemeBefore = /^[A-Za-z][A-Za-z0-9+.-]*:\/\//;
const firstLine = /^(.*) wants you to sign in with your Ethereum account:$/;
const statementForm = /^[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;= ]+$/;

/**
 * The first problem from the top: the encoding, a field that is missing, misplaced or malformed, or a field of EIP-4361 that no flow uses.
 * A field that is not enforced is not accepted.
 */
export const siweProblems = [
  'too_long',
  'line_ends',
  'first_line',
  'scheme',
  'domain',
  'address',
  'statement',
  'uri',
  'version',
  'chain_id',
  'nonce',
  'issued_at',
  'expiration_time',
  'not_before',
  'request_id',
  'resources',
  'trailing',
] as const;

export type SiweProblem = (typeof siweProblems)[number];

/** Fields of EIP-4361 after Expiration Time, in its order, as their lines begin. */
const unwanted: readonly (readonly [string, SiweProblem])[] = [
  ['Not Before: ', 'not_before'],
  ['Request ID: ', 'request_id'],
  ['Resources:', 'resources'],
];

/**
 * The message when every field is well-formed and nothing is left over, else its first problem. The ABNF of EIP-4361, narrowed: LF line
 * ends only, a statement is required, the URI has no user and no query, and no field that `siweProblems` names.
 * Issued At may be missing. Never throws.
 */
export function parseSiwe(text: string): SiweMessage | SiweProblem {
  // Every character of a message that is read is one byte.
  if (text.length > MAX_SIWE_BYTES) return 'too_long';
  if (text.includes('\r')) return 'line_ends';
  const [first = '', addressLine = '', blank, statement = '', secondBlank, ...fields] = text.split('\n');

  const domain = firstLine.exec(first)?.[1];
  if (domain === undefined) return 'first_line';
  if (schemeBefore.test(domain)) return 'scheme';
  if (!domainForm.test(domain)) return 'domain';
  const address = parseEthereumAddress(addressLine);
  if (address === undefined) return 'address';
  if (blank !== '' || secondBlank !== '' || !statementForm.test(statement)) return 'statement';

  let at = 0;
  const take = (label: string): string | undefined => {
    const line = fields[at];
    if (line?.startsWith(label) !== true) return undefined;
    at += 1;
    return line.slice(label.length);
  };
  const uri = take('URI: ') ?? '';
  if (!uriForm.test(uri)) return 'uri';
  if (take('Version: ') !== '1') return 'version';
  const chainId = take('Chain ID: ') ?? '';
  if (!/^(?:0|[1-9][0-9]{0,14})$/.test(chainId)) return 'chain_id';
  const nonce = take('Nonce: ') ?? '';
  if (!/^[A-Za-z0-9]{8,128}$/.test(nonce)) return 'nonce';
  const issuedAt = optionalTime(take('Issued At: '));
  if (issuedAt === 'impossible') return 'issued_at';
  const expirationTime = optionalTime(take('Expiration Time: '));
  if (expirationTime === 'impossible') return 'expiration_time';
  const rest = fields[at];
  if (rest !== undefined) return unwanted.find(([label]) => rest.startsWith(label))?.[1] ?? 'trailing';
  return { domain, address, statement, uri, version: '1', chainId: Number(chainId), nonce, issuedAt, expirationTime };
}

function optionalTime(text: string | undefined): UnixNanos | undefined | 'impossible' {
  return text === undefined ? undefined : (parseRfc3339(text) ?? 'impossible');
}

/** Why a message is refused. Content first, then times; the first problem is returned. */
export const siweRefusals = [
  'domain_not_allowed',
  'uri_mismatch',
  'chain_id_mismatch',
  'statement_mismatch',
  'issued_at_missing',
  'issued_at_in_future',
  'expiration_missing',
  'expired',
  'expiration_not_after_issued_at',
  'window_too_long',
] as const;

export type SiweRefusal = (typeof siweRefusals)[number];

/** The statement that the wallet signs. A message for one purpose is refused for another. */
export type SiwePurpose =
  | { readonly kind: 'onboarding'; readonly issuedAtRequired: boolean }
  | { readonly kind: 'auth' | 'revoke_all' | 'sign_out' }
  | { readonly kind: 'registration'; readonly publicKey: Felt };

export interface SiwePolicy {
  readonly purpose: SiwePurpose;
  /** Setting `siwe.domains`: compared exactly, port included. */
  readonly domains: readonly string[];
  /** Setting `l1_chain_id`. */
  readonly chainId: number;
  /** Issued At must not be far ahead of the first, and Expiration Time must be ahead of the second: they differ while a clock is in doubt. */
  readonly now: UnixNanos;
  readonly latest: UnixNanos;
  /** Longest time between Issued At and Expiration Time, inclusive; 600 by default. Not for onboarding. */
  readonly maxWindowSeconds: number;
  /** How far ahead Issued At may be, inclusive: setting `login.future_tolerance`. */
  readonly futureToleranceSeconds: number;
}

/** `undefined` when the message is acceptable for this purpose, here and now. Does not check the signer. */
export function checkSiwe(message: SiweMessage, policy: SiwePolicy): SiweRefusal | undefined {
  if (!policy.domains.includes(message.domain)) return 'domain_not_allowed';
  if (!isUriOf(message.domain, message.uri)) return 'uri_mismatch';
  if (message.chainId !== policy.chainId) return 'chain_id_mismatch';
  if (!isStatementOf(policy.purpose, message.statement)) return 'statement_mismatch';
  return checkTimes(message, policy);
}

function checkTimes({ issuedAt, expirationTime }: SiweMessage, policy: SiwePolicy): SiweRefusal | undefined {
  const { purpose, now, latest, maxWindowSeconds, futureToleranceSeconds } = policy;
  const onboarding = purpose.kind === 'onboarding';
  if (issuedAt === undefined) {
    if (!onboarding || purpose.issuedAtRequired) return 'issued_at_missing';
  } else if (issuedAt > addSeconds(now, futureToleranceSeconds)) {
    return 'issued_at_in_future';
  }
  if (expirationTime === undefined) return onboarding ? undefined : 'expiration_missing';
  if (expirationTime <= latest) return 'expired';
  if (issuedAt === undefined) return undefined;
  if (expirationTime <= issuedAt) return 'expiration_not_after_issued_at';
  // Onboarding may be repeated for ever even without an expiration (docs/wire.md section 3), so a long one does no harm.
  if (!onboarding && expirationTime > addSeconds(issuedAt, maxWindowSeconds)) return 'window_too_long';
  return undefined;
}

/** docs/decisions.md "SIWE URI": https, or http where there is no network to listen on. */
function isUriOf(domain: string, uri: string): boolean {
  return uri === `https://${domain}` || (uri === `http://${domain}` && isLoopback(domain));
}

/** `localhost`, 127.0.0.0/8 in plain dotted form, or `[::1]`, with or without a port. */
function isLoopback(domain: string): boolean {
  return /^(?:localhost|127(?:\.(?:0|[1-9]\d?|1\d\d|2[0-4]\d|25[0-5])){3}|\[::1\])(?::[0-9]{1,5})?$/.test(domain);
}

/** The statements that end everything, or all sessions: extensions of Countersign. */
export const emergencyStatements = {
  revoke_all: 'Countersign Revoke All',
  sign_out: 'Countersign Sign Out',
} as const;

export const ONBOARDING_STATEMENT = 'Paradex Onboarding';
export const LOGIN_STATEMENT = 'Paradex Auth';
/** Followed by the subkey's public key. */
export const REGISTRATION_STATEMENT = 'Paradex Subkey Registration: ';

function isStatementOf(purpose: SiwePurpose, statement: string): boolean {
  switch (purpose.kind) {
    case 'onboarding':
      return statement === ONBOARDING_STATEMENT;
    case 'auth':
      return statement === LOGIN_STATEMENT;
    case 'revoke_all':
    case 'sign_out':
      return statement === emergencyStatements[purpose.kind];
    case 'registration':
      // The key is compared as a number: clients write it padded or not, in either case (docs/wire.md section 6).
      return (
        statement.startsWith(REGISTRATION_STATEMENT) &&
        parseFelt(statement.slice(REGISTRATION_STATEMENT.length)) === purpose.publicKey
      );
    default:
      return purpose satisfies never;
  }
}
