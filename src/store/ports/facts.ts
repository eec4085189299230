// The facts a decision needs about a bearer, all read from one state of the database.
import type { Allowlist } from '../../domain/allowlist.ts';
import type { CredentialRef } from '../../domain/credential.ts';
import type { Felt } from '../../domain/felt.ts';
import type { UnixNanos } from '../../domain/time.ts';

/** A bearer, by its credential, account and the key that signed the JWT. */
export interface FactsQuery extends CredentialRef {
  readonly kid: string;
}

/** Every fact of a decision that can change. Never take one from the JWT: it says what was true when it was signed. */
export interface Facts {
  readonly accountKnown: boolean;
  readonly accountLocked: boolean;
  readonly validAfter: UnixNanos;
  readonly credential: 'unknown' | 'pending' | 'alive' | 'revoked';
  /** The owner's name for it: a subkey's public key, a token's lookup_id. Empty for the main key, a wallet and an unknown credential. */
  readonly label: string;
  /** 0 = never. */
  readonly expiresAt: UnixNanos;
  readonly allowlist: Allowlist;
  /** The Stark key that signs the orders of a main session; undefined for every other credential. */
  readonly mainKey: Felt | undefined;
  readonly signingKeyAlive: boolean;
}

/** Facts and the position of the change log, from one SQL statement. */
export interface FactsRead {
  readonly facts: Facts;
  readonly position: bigint;
}

export interface FactsReads {
  facts(query: FactsQuery): Promise<FactsRead>;
}
