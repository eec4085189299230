// What a subkey is at a moment: its stored state says what was done to it, never that its time is over.
import type { Allowlist } from './allowlist.ts';
import type { AccountId } from './credential.ts';
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
  /** Names the proof that blessed it, for who sends the same again; empty where none was asked. */
  readonly registeredBy: string;
  /** Undefined unless it was pending once: kept when it is revoked, so that who comes second learns of the first. */
  readonly activation: SubkeyActivation | undefined;
}

/** What waits for the ephemeral key's proof (docs/wire.md section 7). */
export interface PendingSubkey {
  readonly encryptedKey: string;
  readonly ephPublicKey: Felt;
  readonly until: UnixNanos;
}

/** Who took the ciphertext: the holder of the ephemeral key. */
export interface SubkeyActivation {
  readonly by: Felt;
  readonly at: UnixNanos;
  /** Canonical text of the client address; empty when it could not be told. */
  readonly from: string;
}

type StoredState = Pick<Subkey, 'state' | 'expiresAt'> & { readonly pending: Pick<PendingSubkey, 'until'> | undefined };

/** `expired`: past its own expiry, or pending past the time of its activation. */
export function subkeyStateAt({ state, expiresAt, pending }: StoredState, now: UnixNanos): SubkeyState | 'expired' {
  if (state === 'revoked') return state;
  return isOver(expiresAt, now) || isOver(pending?.until ?? NEVER, now) ? 'expired' : state;
}
