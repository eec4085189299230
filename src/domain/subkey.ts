// A subkey, and its state at a moment: the stored state records what was done to it, never that it has expired.
import type { Allowlist } from './allowlist.ts';
import type { AccountId, RevocableRef } from './credential.ts';
import type { Felt } from './felt.ts';
import { isOver, NEVER, type UnixNanos } from './time.ts';

export type SubkeyState = 'active' | 'pending' | 'revoked';

export interface Subkey {
  readonly account: AccountId;
  readonly id: bigint;
  readonly publicKey: Felt;
  readonly name: string;
  readonly state: SubkeyState;
  readonly allowlist: Allowlist;
  /** 0 = never. */
  readonly expiresAt: UnixNanos;
  readonly createdAt: UnixNanos;
  readonly updatedAt: UnixNanos;
  /** 0 = not revoked. */
  readonly revokedAt: UnixNanos;
  /** Only while pending. */
  readonly pending: PendingSubkey | undefined;
  /** Identifies the registration's proof, so that the same request sent again is answered alike; empty when no proof was required. */
  readonly registeredBy: string;
  /** Undefined unless it was pending once. Kept after a revocation, so that a second activation is told about the first. */
  readonly activation: SubkeyActivation | undefined;
}

/** Held until the ephemeral key proves itself (docs/wire.md section 7). */
export interface PendingSubkey {
  readonly encryptedKey: string;
  readonly ephPublicKey: Felt;
  readonly until: UnixNanos;
}

/** The activation that was given the ciphertext. `by`: the ephemeral key. */
export interface SubkeyActivation {
  readonly by: Felt;
  readonly at: UnixNanos;
  /** Canonical text of the client address; empty when unknown. */
  readonly from: string;
}

export const refOfSubkey = ({ account, id }: Subkey): RevocableRef => ({ account, kind: 'subkey', id: id.toString() });

type StoredState = Pick<Subkey, 'state' | 'expiresAt'> & { readonly pending: Pick<PendingSubkey, 'until'> | undefined };

/** `expired`: past its own expiry, or pending past the time of its activation. */
export function subkeyStateAt({ state, expiresAt, pending }: StoredState, now: UnixNanos): SubkeyState | 'expired' {
  if (state === 'revoked') return state;
  return isOver(expiresAt, now) || isOver(pending?.until ?? NEVER, now) ? 'expired' : state;
}
