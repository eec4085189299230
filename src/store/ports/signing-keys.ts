// The keys that sign our JWTs, with their private halves sealed.
import type { UnixNanos } from '../../domain/time.ts';
import type { SigningKeyRecord } from '../../jwt/signing-key.ts';

export interface SigningKeyReads {
  /** Oldest first. */
  signingKeys(): Promise<readonly SigningKeyRecord[]>;
}

export interface SigningKeyInsert {
  insertSigningKey(record: SigningKeyRecord): Promise<void>;
}

export interface SigningKeyWrites extends SigningKeyInsert {
  /** From published to active. */
  activateSigningKey(kid: string): Promise<boolean>;
  /** From active to verifying. */
  stopSigningKey(kid: string, verifyUntil: UnixNanos): Promise<boolean>;
  /** From any state but retired to retired. */
  retireSigningKey(kid: string, now: UnixNanos): Promise<boolean>;
  dateSigningKey(kid: string, createdAt: UnixNanos): Promise<void>;
}
