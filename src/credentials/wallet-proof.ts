// A wallet's proof: an EIP-4361 message with its personal_sign signature, checked in full for one purpose.
import { OWNER_WINDOW_SECONDS } from '../domain/lifetimes.ts';
import { type Clock, secondsOf, type UnixNanos } from '../domain/time.ts';
import { ApiError, type ErrorCode } from '../errors.ts';
import { type EvmSignature, parseEvmSignature } from '../ethereum/eip191.ts';
import {
  checkSiwe,
  MAX_SIWE_BYTES,
  parseSiwe,
  type SiweMessage,
  type SiweProblem,
  type SiwePurpose,
  type SiweRefusal,
} from '../ethereum/siwe.ts';
import type { Account } from '../store/store.ts';
import type { OnBehalfOf } from '../verification/on-behalf-of.ts';
import type { Verifier } from '../verification/verifier.ts';
import { timestampError } from './login-window.ts';

export interface WalletProofSettings {
  readonly domains: readonly string[];
  readonly chainId: number;
  readonly futureToleranceSeconds: number;
  /** Longest life of a login: setting login.max_age. */
  readonly maxLoginAgeSeconds: number;
}

/** A well-formed message that claims to be by `message.address`. */
export interface WalletClaim {
  readonly text: string;
  readonly message: SiweMessage;
  readonly signature: EvmSignature;
  readonly purpose: SiwePurpose;
}

const notTaken = (field: string): string => `the message has ${field}, which this service does not take`;
const notATime = (field: string): string =>
  `the ${field} of the message is no time in the form 2026-01-02T03:04:05Z of RFC 3339`;

/** Stricter than EIP-4361, which allows some of these. */
const unreadable: Readonly<Record<SiweProblem, string>> = {
  too_long: `the message is longer than ${MAX_SIWE_BYTES} bytes`,
  line_ends: 'the lines of the message must end with LF alone, without CR',
  first_line: 'the message does not begin with "<domain> wants you to sign in with your Ethereum account:"',
  scheme: notTaken('a scheme before its domain'),
  domain: 'the domain of the message is no host name or IPv6 address in brackets, with or without a port',
  address: 'the address in the second line of the message is not 0x and 40 hex digits',
  statement: 'the message has no statement of one line of ASCII between two empty lines',
  uri: 'the URI of the message is missing, not behind the statement, or not http or https with a host and at most a path',
  version: 'the Version of the message is not 1, or not behind the URI',
  chain_id: 'the Chain ID of the message is no decimal number of at most 15 digits, or not behind the Version',
  nonce: 'the Nonce of the message is not 8 to 128 letters and digits, or not behind the Chain ID',
  issued_at: notATime('Issued At'),
  expiration_time: notATime('Expiration Time'),
  not_before: notTaken('Not Before'),
  request_id: notTaken('Request ID'),
  resources: notTaken('Resources'),
  trailing:
    'something stands behind the last field of the message, where nothing may: another field, a blank or a line end',
};

const messages: Readonly<Record<SiweRefusal, readonly [ErrorCode, string]>> = {
  domain_not_allowed: [
    'EVM_SIGNATURE_VERIFICATION_FAILED',
    'the message is for a domain that this service does not accept',
  ],
  uri_mismatch: ['EVM_SIGNATURE_VERIFICATION_FAILED', 'the URI of the message is not https://<its domain>'],
  chain_id_mismatch: ['EVM_SIGNATURE_VERIFICATION_FAILED', 'the message is for another chain id'],
  statement_mismatch: [
    'EVM_SIGNATURE_VERIFICATION_FAILED',
    'the statement of the message is not the one for this request',
  ],
  issued_at_missing: ['INVALID_TIMESTAMP', 'the message has no Issued At'],
  issued_at_in_future: ['INVALID_TIMESTAMP', 'the message is issued in the future'],
  expiration_missing: ['INVALID_BLOCK_EXPIRATION', 'the message has no Expiration Time'],
  expired: ['INVALID_BLOCK_EXPIRATION', 'the message is expired'],
  expiration_not_after_issued_at: ['INVALID_BLOCK_EXPIRATION', 'the message expires before it is issued'],
  window_too_long: ['INVALID_BLOCK_EXPIRATION', 'the message is valid for longer than this service accepts'],
};

function refusalError(refusal: SiweRefusal, { issuedAt }: SiweMessage, purpose: SiwePurpose, clock: Clock): ApiError {
  const [listed, why] = messages[refusal];
  // A registration has one code for all its times (docs/wire.md section 6).
  const isLate = listed === 'INVALID_BLOCK_EXPIRATION' && purpose.kind === 'registration';
  const code = isLate ? 'INVALID_TIMESTAMP' : listed;
  const isTime = code === 'INVALID_TIMESTAMP' || code === 'INVALID_BLOCK_EXPIRATION';
  // The other refusals do not depend on a clock.
  const dependsOnClock = refusal === 'issued_at_in_future' || refusal === 'expired';
  if (!isTime || !dependsOnClock || issuedAt === undefined) return new ApiError(code, why);
  return timestampError(secondsOf(issuedAt), clock, why, code);
}

/** A claim by the wallet of an account, with both its times. */
export interface OwnersClaim extends WalletClaim {
  readonly issuedAt: UnixNanos;
  readonly expirationTime: UnixNanos;
}

export interface WalletProofs {
  /**
   * Checks form, content and times, in this order. It proves nothing yet: compare `message.address` with the account first, which is
   * cheap, then call prove. Throws INVALID_EVM_SIGNATURE (malformed), EVM_SIGNATURE_VERIFICATION_FAILED
   * (content), INVALID_TIMESTAMP, INVALID_BLOCK_EXPIRATION.
   */
  read(text: string, signature: string, purpose: SiwePurpose): WalletClaim;
  /** Resolves when the wallet of `message.address` signed the text. Rejects with ETHEREUM_SIGNER_MISMATCH, SERVICE_UNAVAILABLE,
   * and the time's code when the message has expired meanwhile. */
  prove(claim: WalletClaim, asker: OnBehalfOf): Promise<void>;
}

export function createWalletProofs(deps: {
  clock: Clock;
  verifier: Pick<Verifier, 'ask'>;
  settings: WalletProofSettings;
}): WalletProofs {
  return {
    read(text, signatureText, purpose) {
      const message = parseSiwe(text);
      if (typeof message === 'string') {
        throw new ApiError('INVALID_EVM_SIGNATURE', unreadable[message], { data: { field: message } });
      }
      const signature = parseEvmSignature(signatureText);
      if (signature === undefined) {
        throw new ApiError('INVALID_EVM_SIGNATURE', 'the signature is not 65 bytes of 0x hex with a low s');
      }
      const refusal = checkSiwe(message, {
        purpose,
        domains: deps.settings.domains,
        chainId: deps.settings.chainId,
        now: deps.clock.now(),
        latest: deps.clock.latest(),
        maxWindowSeconds:
          purpose.kind === 'auth'
            ? Math.min(OWNER_WINDOW_SECONDS, deps.settings.maxLoginAgeSeconds)
            : OWNER_WINDOW_SECONDS,
        futureToleranceSeconds: deps.settings.futureToleranceSeconds,
      });
      if (refusal !== undefined) throw refusalError(refusal, message, purpose, deps.clock);
      return { text, message, signature, purpose };
    },

    async prove({ text, message, signature, purpose }, asker) {
      const { signer } = await deps.verifier.ask({ kind: 'wallet_signer', text, signature }, asker);
      if (signer !== message.address) {
        const by = signer === undefined ? 'not' : `by ${signer}, and not`;
        throw new ApiError(
          'ETHEREUM_SIGNER_MISMATCH',
          `the signature is ${by} by ${message.address}, as the message says`,
        );
      }
      // Verification may have queued past the message's expiration.
      if (message.expirationTime !== undefined && message.expirationTime <= deps.clock.latest()) {
        throw refusalError('expired', message, purpose, deps.clock);
      }
    },
  };
}

/** A claim to be the wallet of `account`, not proven yet. Throws as `read` does, and ETHEREUM_SIGNER_MISMATCH. */
export function ownersClaim(
  wallets: Pick<WalletProofs, 'read'>,
  { signer }: Account,
  { siweMessage, signature }: { readonly siweMessage: string; readonly signature: string },
  purpose: SiwePurpose,
): OwnersClaim {
  const claim = wallets.read(siweMessage, signature, purpose);
  const { address, issuedAt, expirationTime } = claim.message;
  if (signer.type !== 'eip191' || signer.ethAddress !== address) {
    throw new ApiError('ETHEREUM_SIGNER_MISMATCH', 'the message is not by the wallet of this account');
  }
  if (issuedAt === undefined || expirationTime === undefined) {
    throw new ApiError('INVALID_TIMESTAMP', 'the message has no Issued At or no Expiration Time');
  }
  return { ...claim, issuedAt, expirationTime };
}
