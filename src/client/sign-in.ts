// What a client sends to onboard, log in, register a subkey and activate a pending one: headers and body members, signed on its own side
// (docs/wire.md sections 3 to 7).
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { base64Of } from '../domain/base64.ts';
import type { AccountId } from '../domain/credential.ts';
import type { Felt } from '../domain/felt.ts';
import { unixSeconds } from '../domain/time.ts';
import { emergencyStatements } from '../ethereum/siwe.ts';
import { activationHash, type RequestPurpose, registrationHash, type SignersHasher } from '../starknet/message.ts';
import type { Pedersen } from '../starknet/pedersen.ts';
import type { StarkKey } from './stark-key.ts';
import { type SiweText, siweText, type Wallet } from './wallet.ts';

export interface SigningWindow {
  /** Unix seconds. */
  readonly timestamp: number;
  readonly expiration: number;
}

export const windowFrom = (nowMs: number, seconds: number): SigningWindow => ({
  timestamp: Math.floor(nowMs / 1000),
  expiration: Math.floor(nowMs / 1000) + seconds,
});

/** POST /v1/onboarding. `ethereumLabel` is not proven: `0x0` will do. */
export function onboardingHeaders(
  hasher: SignersHasher,
  key: StarkKey,
  account: AccountId,
  ethereumLabel = '0x0',
): Record<string, string> {
  return {
    'PARADEX-ETHEREUM-ACCOUNT': ethereumLabel,
    ...signatureHeaders(account, key.sign(hasher.onboardingHash(account))),
  };
}

export const signatureHeaders = (account: AccountId, signature: readonly [string, string]): Record<string, string> => ({
  'PARADEX-STARKNET-ACCOUNT': account,
  'PARADEX-STARKNET-SIGNATURE': JSON.stringify(signature),
});

/** With the times that are signed. */
export const windowHeaders = (
  account: AccountId,
  signature: readonly [string, string],
  { timestamp, expiration }: SigningWindow,
): Record<string, string> => ({
  ...signatureHeaders(account, signature),
  'PARADEX-TIMESTAMP': String(timestamp),
  'PARADEX-SIGNATURE-EXPIRATION': String(expiration),
});

/** POST /v1/auth and /v1/auth/{public_key}: the main account's address, whichever key signs. */
export const loginHeaders = (
  hasher: SignersHasher,
  key: StarkKey,
  account: AccountId,
  window: SigningWindow,
): Record<string, string> => requestHeaders(hasher, key, account, window, 'login');

/** What the owner may sign where there is no bearer: POST /countersign/v1/revoke-all, and /countersign/v1/sign-out-everywhere. */
export type EmergencyPurpose = Exclude<RequestPurpose, 'login'>;

/** By the main key: good once, for that one route, until the window ends. */
export const emergencyHeaders = (
  hasher: SignersHasher,
  mainKey: StarkKey,
  account: AccountId,
  window: SigningWindow,
  purpose: EmergencyPurpose,
): Record<string, string> => requestHeaders(hasher, mainKey, account, window, purpose);

/** By the wallet: the message is good once, within at most 10 minutes from `issuedAt` to `expirationTime`. */
export const walletEmergencyHeaders = (
  wallet: Wallet,
  account: AccountId,
  fields: Omit<SiweText, 'address' | 'statement'> & { readonly expirationTime: Date },
  purpose: EmergencyPurpose,
): Record<string, string> =>
  walletHeaders(
    wallet,
    account,
    siweText({ ...fields, address: wallet.address, statement: emergencyStatements[purpose] }),
  );

function requestHeaders(
  hasher: SignersHasher,
  key: StarkKey,
  account: AccountId,
  window: SigningWindow,
  purpose: RequestPurpose,
): Record<string, string> {
  const hash = hasher.loginHash({
    account,
    purpose,
    timestamp: unixSeconds(window.timestamp),
    expiration: unixSeconds(window.expiration),
  });
  return windowHeaders(account, key.sign(hash), window);
}

export interface RegistrationProof {
  readonly signature: readonly [string, string];
  readonly signature_timestamp: number;
  readonly signature_expiry: number;
}

/** The members of POST /v1/account/keys/subkeys by which the main key approves `publicKey`. */
export function registrationProof(
  curve: Pedersen,
  mainKey: StarkKey,
  account: AccountId,
  publicKey: Felt,
  window: SigningWindow,
): RegistrationProof {
  const hash = registrationHash(curve, {
    account,
    publicKey,
    timestamp: unixSeconds(window.timestamp),
    expiry: unixSeconds(window.expiration),
  });
  if (hash === undefined) throw new RangeError('these values must not be signed');
  return {
    signature: mainKey.sign(hash),
    signature_timestamp: window.timestamp,
    signature_expiry: window.expiration,
  };
}

export interface ActivationProof {
  readonly account_id: AccountId;
  readonly public_key: Felt;
  readonly timestamp: number;
  readonly signature: readonly [string, string];
}

/** The body of POST /v1/account/keys/subkeys/activate: the ephemeral key proves itself. `timestamp` is Unix seconds. */
export function activationProof(
  curve: Pedersen,
  ephemeralKey: StarkKey,
  account: AccountId,
  publicKey: Felt,
  timestamp: number,
): ActivationProof {
  const hash = activationHash(curve, unixSeconds(timestamp), ephemeralKey.publicKey);
  if (hash === undefined) throw new RangeError('this time must not be signed');
  return { account_id: account, public_key: publicKey, timestamp, signature: ephemeralKey.sign(hash) };
}

/** POST /v2/auth and /v2/onboarding: the message travels as base64 of exactly the bytes that were signed. */
export const walletHeaders = (wallet: Wallet, account: AccountId, message: string): Record<string, string> =>
  walletSignatureHeaders(account, message, wallet.personalSign(message));

export const walletSignatureHeaders = (
  account: AccountId,
  message: string,
  signature: string,
): Record<string, string> => ({
  'PARADEX-STARKNET-ACCOUNT': account,
  'PARADEX-EVM-SIGNATURE': signature,
  'PARADEX-SIWE-MESSAGE': base64Of(utf8ToBytes(message)),
});
