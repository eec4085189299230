// What a decision asks about a bearer, all of it from one state of the database.
import type { Allowlist } from '../../domain/allowlist.ts';
import type { CredentialRef } from '../../domain/credential.ts';
import type { Felt } from '../../domain/felt.ts';
import type { UnixNanos } from '../../domain/time.ts';

/** What a decision asks about a bearer: the credential, its account and the key that signed the JWT. */
export interface FactsQuery extends CredentialRef {
  readonly kid: string;
}

/** Every mutable fact a decision reads; never taken from the JWT itself (DESIGN 4.4). */
export interface Facts {
  readonly accountKnown: boolean;
  readonly accountLocked: boolean;
  readonly validAfter: UnixNanos;
  readonly credential: 'unknown' | 'pending' | 'alive' | 'revoked';
  /** As its owner names it: a subkey's public key, a token's lookup_id; empty for the account's own key and for what is unknown. */
  readonly label: string;
  /** 0 = never. */
  readonly expiresAt: UnixNanos;
  readonly allowlist: Allowlist;
  /** The Stark key that signs the orders of a main session; undefined for every other credential. */
  readonly mainKey: Felt | undefined;
  readonly signingKeyAlive: boolean;
}

/** Facts and the log position they were read at, from one SQL statement. */
export interface FactsRead {
  readonly facts: Facts;
  readonly position: bigint;
}

export interface FactsReads {
  facts(query: FactsQuery): Promise<FactsRead>;
}
