// A credential as the operator sees it: its row in one form, whichever table holds it.
import { type Allowlist, anywhere } from '../domain/allowlist.ts';
import { type CredentialRef, MAIN_CREDENTIAL_ID, type RevocableRef } from '../domain/credential.ts';
import { type Device, deviceStateAt } from '../domain/device.ts';
import { isRevocableKind } from '../domain/kinds.ts';
import { type Subkey, subkeyStateAt } from '../domain/subkey.ts';
import { isOver, NEVER, type UnixNanos } from '../domain/time.ts';
import type { Token } from '../domain/token.ts';
import type { Account } from '../store/store.ts';

export interface FoundRow {
  /** A public key, a wallet's address, a lookup_id or the thumbprint of a device's key. */
  readonly label: string;
  /** Empty for a main key or wallet. */
  readonly name: string;
  readonly state: 'active' | 'pending' | 'issued' | 'expired' | 'revoked';
  readonly allowlist: Allowlist;
  readonly createdAt: UnixNanos;
  readonly expiresAt: UnixNanos;
  readonly revokedAt: UnixNanos;
}

export interface Found {
  readonly ref: CredentialRef;
  readonly account: Account | undefined;
  /** Undefined when the row is gone, as for a subkey that was not activated in time. */
  readonly row: FoundRow | undefined;
}

export type RevocableFound = Found & { readonly ref: RevocableRef; readonly row: FoundRow };

export const isRevocable = (found: Found): found is RevocableFound =>
  found.row !== undefined && isRevocableKind(found.ref.kind);

export function foundOwn(account: Account): Found {
  const { signer, createdAt } = account;
  const [kind, label] =
    signer.type === 'starknet' ? (['main', signer.publicKey] as const) : (['evm', signer.ethAddress] as const);
  return {
    ref: { account: account.account, kind, id: MAIN_CREDENTIAL_ID },
    account,
    row: { label, name: '', state: 'active', allowlist: anywhere, createdAt, expiresAt: NEVER, revokedAt: NEVER },
  };
}

export function foundSubkey(subkey: Subkey, account: Account | undefined, now: UnixNanos): Found {
  const { publicKey, name, allowlist, createdAt, expiresAt, revokedAt } = subkey;
  const state = subkeyStateAt(subkey, now);
  return {
    ref: { account: subkey.account, kind: 'subkey', id: subkey.id.toString() },
    account,
    row: { label: publicKey, name, state, allowlist, createdAt, expiresAt, revokedAt },
  };
}

export function foundToken(token: Token, account: Account | undefined, now: UnixNanos): Found {
  const { lookupId, name, allowlist, createdAt, expiryAt, revokedAt } = token;
  const state = revokedAt !== NEVER ? 'revoked' : isOver(expiryAt, now) ? 'expired' : 'issued';
  return {
    ref: { account: token.account, kind: 'token', id: token.tokenId },
    account,
    row: { label: lookupId, name, state, allowlist, createdAt, expiresAt: expiryAt, revokedAt },
  };
}

export function foundDevice(device: Device, account: Account | undefined, now: UnixNanos): Found {
  const { thumbprint, name, createdAt, expiresAt, endedAt } = device;
  const state = deviceStateAt(device, now);
  return {
    ref: { account: device.account, kind: 'device', id: device.deviceId },
    account,
    row: {
      label: thumbprint,
      name,
      state: state === 'ended' ? 'revoked' : state,
      allowlist: anywhere,
      createdAt,
      expiresAt,
      revokedAt: endedAt,
    },
  };
}
