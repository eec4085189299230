// Sign-out everywhere, and revoke-all, which also revokes tokens and subkeys. Both end every device. A thief's sessions and captured login
// signatures die with it: valid_after is raised above everything signed until now.
import { sessionsSubject } from '../domain/credential.ts';
import { type Clock, signedUntil, type UnixNanos } from '../domain/time.ts';
import type { Changed, Changes, CommitOptions } from '../revocation/commit.ts';
import type { WideDenial } from '../revocation/denial.ts';
import type { EndedDevice, RevokedSubkey, RevokedToken, StoreTransaction } from '../store/store.ts';
import { type Caller, requireStill } from './caller.ts';
import type { ProvenOwner } from './owner-proof.ts';
import { record } from './record.ts';
import { deviceSubjects, revokedDetail, revokedSubjects } from './revoked-credentials.ts';

export interface SignedOut {
  /** Sessions and login signatures with auth_time at or before this are dead. */
  readonly validAfter: UnixNanos;
}

export interface RevokedAll extends SignedOut {
  /** As they were before. */
  readonly subkeys: readonly RevokedSubkey[];
  readonly tokens: readonly RevokedToken[];
  readonly devices: readonly EndedDevice[];
}

export interface RevokedKinds {
  readonly subkeys: boolean;
  readonly tokens: boolean;
}

/** A session that may manage keys, or the owner's own signature. */
export type Presser = Caller | ProvenOwner;

export interface SignOut {
  everywhere(by: Presser): Promise<Changed<SignedOut>>;
  /** Signs out everywhere and revokes every credential of the given kinds, in one transaction. */
  revokeAll(by: Presser, kinds: RevokedKinds): Promise<Changed<RevokedAll>>;
}

/** Both throw what requireStill throws, SIGNATURE_ALREADY_USED, and SERVICE_UNAVAILABLE. */
export function createSignOut(deps: {
  changes: Changes;
  clock: Clock;
  settings: { readonly futureToleranceSeconds: number };
}): SignOut {
  const { changes, clock } = deps;

  return {
    everywhere: (by) =>
      changes.commit(async (tx) => {
        const { account } = by.principal.credential;
        const validAfter = await raise(tx, by);
        const devices = await tx.endDevices(account, clock.now());
        const change = await record(tx, {
          by,
          action: 'account.signed_out_everywhere',
          subject: sessionsSubject(account),
          subjects: [sessionsSubject(account), ...deviceSubjects(account, devices)],
          detail: { valid_after: validAfter, devices: devices.map(({ deviceId }) => deviceId), ...proofOf(by) },
          narrows: true,
        });
        return { result: { validAfter }, change };
      }, ending(by)),

    revokeAll: (by, kinds) =>
      changes.commit(
        async (tx) => {
          const { account } = by.principal.credential;
          const validAfter = await raise(tx, by);
          const now = clock.now();
          const subkeys = kinds.subkeys ? await tx.revokeSubkeys(account, now) : [];
          const tokens = kinds.tokens ? await tx.revokeTokens(account, now) : [];
          const devices = await tx.endDevices(account, now);
          const change = await record(tx, {
            by,
            action: 'account.revoked_all',
            subject: sessionsSubject(account),
            subjects: [sessionsSubject(account), ...revokedSubjects({ account, subkeys, tokens, devices })],
            detail: {
              valid_after: validAfter,
              ...revokedDetail({ subkeys, tokens, devices }),
              ...proofOf(by),
            },
            narrows: true,
          });
          return { result: { validAfter, subkeys, tokens, devices }, change };
        },
        ending(by, kinds),
      ),
  };

  // When it cannot be written, this node still denies what was signed until now and every credential of the given kinds, without
  // reading which, until the same call is repeated and written.
  function ending(by: Presser, kinds?: RevokedKinds): CommitOptions<SignedOut> {
    const { account } = by.principal.credential;
    const all = (upTo: UnixNanos): readonly WideDenial[] => [
      { kind: 'sessions', account, upTo },
      ...(kinds?.subkeys ? [{ kind: 'every', account, of: 'subkey' } as const] : []),
      ...(kinds?.tokens ? [{ kind: 'every', account, of: 'token' } as const] : []),
    ];
    return {
      ifUnwritten: { end: () => all(ceiling()), cut: 'signed_out' },
      onceWritten: { lift: ({ validAfter }) => [...all(validAfter), { kind: 'every', account, of: 'device' }] },
    };
  }

  // Above now, so that a captured signature dated into the future dies too.
  function ceiling(): UnixNanos {
    return signedUntil(clock, deps.settings.futureToleranceSeconds);
  }

  async function raise(tx: StoreTransaction, by: Presser): Promise<UnixNanos> {
    if (isOwner(by)) await by.use(tx);
    else await requireStill(tx, by, { permission: 'keys:narrow', method: 'POST' }, clock);
    const validAfter = ceiling();
    await tx.raiseValidAfter(by.principal.credential.account, validAfter);
    return validAfter;
  }
}

const isOwner = (by: Presser): by is ProvenOwner => 'use' in by;

/** The proof, for the audit log. */
const proofOf = (by: Presser): Readonly<Record<string, unknown>> =>
  isOwner(by) ? { proof: 'signature', ...by.signed } : { proof: 'session' };
