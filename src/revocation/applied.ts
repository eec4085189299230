// What a committed change does on this node, all of it in one turn. A change that this node wrote and one that it reads in the log
// come the same way, so nothing on this node may change with a change except here.
import type { Subject } from '../domain/credential.ts';
import type { DenyReason } from '../domain/decision.ts';
import { isCredentialKind, kindTable } from '../domain/kinds.ts';
import type { Keyring } from '../jwt/keyring.ts';
import type { SigningKeyRecord } from '../jwt/signing-key.ts';
import type { Change } from '../store/store.ts';
import type { LiveRegistry } from './live.ts';
import type { View } from './view.ts';

/** `signingKeys`: the rows of the signing keys among the subjects, as the change left them. */
export interface Subscriber {
  /** Applies the change at once. Returns how many exchanges it cut whose head had already left. Applied twice is applied once. */
  apply(change: Change, signingKeys: readonly SigningKeyRecord[]): number;
}

/** Returns how many exchanges were cut whose head had already left. */
export type Apply = Subscriber['apply'];

/** A subscriber that throws keeps no other from the change: the first error is thrown when all have had it. */
export function createApply(subscribers: readonly Subscriber[]): Apply {
  return (change, signingKeys) => {
    let inFlight = 0;
    const failures: unknown[] = [];
    for (const subscriber of subscribers) {
      try {
        inFlight += subscriber.apply(change, signingKeys);
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
    return inFlight;
  };
}

export interface Applying {
  readonly keyring: Pick<Keyring, 'add'>;
  readonly view: Pick<View, 'apply'>;
  readonly live: Pick<LiveRegistry, 'cut' | 'endBy'>;
}

/**
 * The order is a rule: exchanges are cut last. A client that is cut may ask again in the same turn, and must then meet the keyring
 * and the view as they are after the change.
 */
export function subscribersInOrder({ keyring, view, live }: Applying): readonly Subscriber[] {
  return [
    {
      apply(_change, signingKeys) {
        for (const key of signingKeys) keyring.add(key);
        return 0;
      },
    },
    {
      apply(change) {
        if (changesFacts(change)) view.apply(change);
        return 0;
      },
    },
    {
      apply(change) {
        const { subjects, position, narrowsAt } = change;
        if (!change.narrows) return 0;
        if (narrowsAt === undefined) return live.cut(subjects, cutReasonOf(change), position);
        live.endBy(narrowsAt, subjects, 'credential_expired', position);
        return 0;
      },
    },
  ];
}

/**
 * False when a signing key begins or stops to sign: of a key, facts hold only whether it is retired. Otherwise a rotation would make the
 * view forget every session of the old key at once.
 */
const changesFacts = ({ action }: Pick<Change, 'action'>): boolean =>
  action !== 'signing_key.published' && action !== 'signing_key.activated';

/** What is told to requests that a change cuts. It follows from the log's row alone, so that every node tells the same. */
export function cutReasonOf({ action, subjects }: Pick<Change, 'action' | 'subjects'>): DenyReason {
  switch (action) {
    case 'account.signed_out_everywhere':
    case 'account.revoked_all':
      return 'signed_out';
    case 'account.locked':
      return 'account_locked';
    case 'subkey.allowlist_replaced':
    case 'token.allowlist_replaced':
      return 'ip_not_allowed';
    case 'signing_key.retired':
    case 'clock.accepted':
      return 'signing_key_retired';
    // A leaked token is revoked, and a leaked device ended; of any other leaked session only the sessions end.
    case 'credential.reported_leaked':
      return leakEnded(subjects[0]) ? 'credential_revoked' : 'signed_out';
    default:
      return 'credential_revoked';
  }
}

/** Whether the credential itself was ended; the first subject is the one that leaked. */
function leakEnded(leaked: Subject | undefined): boolean {
  const kind = /^credential\/[^/]+\/([^/]+)\//.exec(leaked ?? '')?.[1];
  return isCredentialKind(kind) && kindTable[kind].leakEnds === 'itself';
}
