// The JWT signing keys of this process, in memory. A key signs only for its own use, and a retired kid never comes back. After the
// start it changes with the change log alone (revocation/applied.ts), so that every node that follows the log has the same keys.
import type { KeyObject } from 'node:crypto';
import { type Jwks, jwksOf } from './jwks.ts';
import type { KeyUse } from './kinds.ts';
import { fromRecord, type SigningKey, type SigningKeyRecord } from './signing-key.ts';

/** What signs: a key with its private half. */
export interface SigningKeyHandle {
  readonly kid: string;
  readonly use: KeyUse;
  readonly privateKey: KeyObject;
}

/** What verifies: the public half, and what it may verify. */
export interface VerifyingKey {
  readonly use: KeyUse;
  readonly publicKey: KeyObject;
}

export interface Keyring {
  /** The newest active key of this use; throws NoSigningKey when there is none. */
  signer(use: KeyUse): SigningKeyHandle;
  /** The public key behind a kid, a retired one too (ask isLive); `undefined` for an unknown kid. */
  verifier(kid: string): VerifyingKey | undefined;
  /** False for retired and for unknown keys. */
  isLive(kid: string): boolean;
  /** The public document: every live key. */
  jwks(): Jwks;
  /**
   * Takes in a row as it now is in the store. A kid that is retired here stays retired. Throws as fromRecord does; a row that says
   * retired ends its key all the same.
   */
  add(record: SigningKeyRecord): void;
  /** Ends a key whose retirement could not be written: it neither signs nor verifies, nor will it if its row is added only later. */
  retire(kid: string): void;
}

/** There is no active key of this use. */
export class NoSigningKey extends Error {
  override readonly name = 'NoSigningKey';
}

interface Entry {
  readonly record: SigningKeyRecord;
  readonly signingKey: SigningKey;
}

/** Opens every row; throws MasterKeyMismatch or SigningKeyDamaged if one does not open, for a partial keyring would sign people out. */
export function createKeyring(options: {
  readonly records: Iterable<SigningKeyRecord>;
  readonly masterKey: KeyObject;
}): Keyring {
  const entries = new Map<string, Entry>();
  const retired = new Set<string>();
  const signers = new Map<KeyUse, SigningKeyHandle>();
  let document: Jwks = { keys: [] };

  function refresh(): void {
    const live = [...entries.values()].filter(({ record }) => !retired.has(record.kid));
    document = jwksOf(live.map(({ signingKey }) => signingKey));
    signers.clear();
    // Oldest first, so that the newest is set last; the kid decides a tie the same way on every node.
    for (const { record, signingKey } of live.sort(byAge)) {
      if (record.state === 'active') signers.set(record.use, signingKey);
    }
  }

  function take(record: SigningKeyRecord): void {
    if (record.state === 'retired') retired.add(record.kid);
    entries.set(record.kid, { record, signingKey: fromRecord(options.masterKey, record) });
  }

  for (const record of options.records) take(record);
  refresh();

  return {
    signer(use) {
      const signer = signers.get(use);
      if (signer === undefined) throw new NoSigningKey(`There is no active signing key for ${use} JWTs.`);
      return signer;
    },
    verifier: (kid) => entries.get(kid)?.signingKey,
    isLive: (kid) => entries.has(kid) && !retired.has(kid),
    jwks: () => document,
    add(record) {
      try {
        take(record);
      } finally {
        refresh();
      }
    },
    retire(kid) {
      retired.add(kid);
      refresh();
    },
  };
}

function byAge(a: Entry, b: Entry): number {
  if (a.record.createdAt !== b.record.createdAt) return a.record.createdAt < b.record.createdAt ? -1 : 1;
  return a.record.kid < b.record.kid ? -1 : 1;
}
