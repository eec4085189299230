// The operator declares the machine's clock right and the kept time wrong. Nothing that has expired by the kept time may live again:
// every session and device ends, every credential that was made or expired in the span given up is revoked, and a signature used in that span
// stays used. All endings are written and in force before the time is set.
import type { KeyObject } from 'node:crypto';
import type { AuditAction } from '../domain/audit-action.ts';
import { type AccountId, NO_ACCOUNT, signingKeySubject, storeSubject } from '../domain/credential.ts';
import { parseFelt } from '../domain/felt.ts';
import { MARK_GRACE_SECONDS, MAX_SIGNATURE_SECONDS } from '../domain/lifetimes.ts';
import {
  addSeconds,
  type KeptClock,
  LEAD_SECONDS,
  leadSeconds,
  nanosOfSeconds,
  secondsOf,
  type UnixNanos,
  type UnixSeconds,
  unixNanos,
  unixSeconds,
} from '../domain/time.ts';
import { ApiError } from '../errors.ts';
import { parseSiwe } from '../ethereum/siwe.ts';
import { hasRows } from '../jwt/kinds.ts';
import { createSigningKey, type SigningKeyRecord, toRecord } from '../jwt/signing-key.ts';
import type { Changed, Changes } from '../revocation/commit.ts';
import type { AuditRow, Store, StoreTransaction } from '../store/store.ts';
import type { OperatorAct } from './operator-act.ts';
import { auditOnly, record, recordAll } from './record.ts';
import { revokedChange, revokedSubjects } from './revoked-credentials.ts';
import { keyChange, type SigningKeys } from './signing-keys.ts';

export interface AcceptedClock {
  readonly from: UnixNanos;
  readonly to: UnixNanos;
  /** Whatever was signed at or before this is dead, for every account. */
  readonly validAfter: UnixNanos;
  readonly revoked: { readonly subkeys: number; readonly tokens: number; readonly devices: number };
}

/**
 * Undefined, and nothing ends, when both times are within LEAD_SECONDS of each other. Throws SERVICE_UNAVAILABLE: the time is then
 * unchanged, or set until the next start (the message says which). Calling again finishes the job.
 */
export type AcceptClock = (act: OperatorAct) => Promise<Changed<AcceptedClock> | undefined>;

/** Longer than writing the endings takes. At most LEAD_SECONDS, so that a clock set forward ends nothing. */
const WRITING_SECONDS = 60;
/** Accounts per statement of audit rows. */
const PAGE_ACCOUNTS = 500;
const PAGE_ROWS = 500;

export function createAcceptClock(deps: {
  readonly store: Pick<Store, 'audit' | 'setTime' | 'transaction'>;
  readonly changes: Changes;
  readonly clock: KeptClock;
  readonly masterKey: KeyObject;
  readonly signingKeys: Pick<SigningKeys, 'whileTimeIsSet'>;
  /** Writes the waiting audit rows. */
  readonly writeAudit: () => Promise<void>;
  readonly settings: { readonly futureToleranceSeconds: number };
}): AcceptClock {
  const { store, changes, clock } = deps;
  const { futureToleranceSeconds } = deps.settings;

  return (act) =>
    deps.signingKeys.whileTimeIsSet(async () => {
      if (Math.abs(leadSeconds(clock)) <= LEAD_SECONDS) {
        // Finishes an acceptance that broke off after the time was set.
        await finish(clock.now());
        return undefined;
      }
      const from = clock.now();
      const to = clock.machine();
      const readAt = clock.monotonic();
      // In one turn: no session is signed by an old key at the new time, or by a new key at the old time.
      const { result, receipt } = await changes.commit((tx) => endAll(tx, { from, to }, act), {
        onceWritten: { inTheSameTurn: () => clock.accept(to, readAt) },
      });
      await finish(to);
      return { result, receipt };
    });

  // A crash before this is written starts with the old time and repeats the whole acceptance; rows dated ahead are refused as future.
  async function finish(to: UnixNanos): Promise<void> {
    try {
      await deps.writeAudit();
      const dated = await signaturesAfter(to);
      if (dated.length > 0) await store.transaction((tx) => markAll(tx, dated));
      await store.setTime();
    } catch (cause) {
      throw new ApiError(
        'SERVICE_UNAVAILABLE',
        'the time is set until the next start, and could not be written: ask again',
        {
          cause,
        },
      );
    }
  }

  async function endAll(tx: StoreTransaction, { from, to }: { from: UnixNanos; to: UnixNanos }, act: OperatorAct) {
    const validAfter = addSeconds(to, futureToleranceSeconds);
    await tx.setEveryValidAfter(validAfter);
    const keys = await replaceKeys(tx, to, act);
    // WRITING_SECONDS also covers what expires by the old time before the new one is set.
    const ended = await tx.revokeUntimely(to, addSeconds(from, WRITING_SECONDS));
    for (let at = 0; at < ended.length; at += PAGE_ACCOUNTS) {
      const some = ended.slice(at, at + PAGE_ACCOUNTS);
      await recordAll(
        tx,
        some.map((one) => revokedChange(one, 'account.revoked_by_clock', act)),
      );
    }
    const revoked = {
      subkeys: ended.reduce((sum, { subkeys }) => sum + subkeys.length, 0),
      tokens: ended.reduce((sum, { tokens }) => sum + tokens.length, 0),
      devices: ended.reduce((sum, { devices }) => sum + devices.length, 0),
    };
    const subjects = [storeSubject, ...[...keys.retired, ...keys.live].map(({ kid }) => signingKeySubject(kid))];
    const change = await record(tx, {
      by: act,
      account: NO_ACCOUNT,
      action: 'clock.accepted',
      subject: storeSubject,
      subjects,
      detail: {
        from,
        to,
        valid_after: validAfter,
        retired_signing_keys: keys.retired.length,
        revoked_subkeys: revoked.subkeys,
        revoked_tokens: revoked.tokens,
        ended_devices: revoked.devices,
      },
      narrows: true,
    });
    const accepted: AcceptedClock = { from, to, validAfter, revoked };
    return {
      result: accepted,
      // The change rows of the accounts come first, so this change may carry all their subjects.
      change: { ...change, subjects: [...subjects, ...ended.flatMap(revokedSubjects)] },
    };
  }

  // Sessions were signed at times that are now in the future, so only retiring their key ends them. Token keys stay; only their
  // recorded age was wrong.
  async function replaceKeys(tx: StoreTransaction, to: UnixNanos, act: OperatorAct) {
    const alive = (await tx.signingKeys()).filter(({ state }) => state !== 'retired');
    const retired = alive.filter(({ use }) => !hasRows(use));
    const live: SigningKeyRecord[] = [];
    for (const key of retired) {
      await tx.retireSigningKey(key.kid, to);
      await auditOnly(tx, keyChange(key, 'signing_key.retired', act, { why: 'clock accepted' }));
    }
    for (const use of new Set(retired.map((key) => key.use))) {
      const key = toRecord(deps.masterKey, createSigningKey(use), { state: 'active', createdAt: to });
      await tx.insertSigningKey(key);
      await auditOnly(tx, keyChange(key, 'signing_key.activated', act, { why: 'clock accepted' }));
      live.push(key);
    }
    // The newest active key of a use signs, so the keys keep their order.
    const ahead = alive.filter(({ use, createdAt }) => hasRows(use) && createdAt > to);
    for (const [at, key] of ahead.entries()) {
      const createdAt = unixNanos(to - BigInt(ahead.length - 1 - at));
      await tx.dateSigningKey(key.kid, createdAt);
      live.push({ ...key, createdAt });
    }
    return { retired, live };
  }

  /** Used signatures with a time after `to`, from the audit log. Without a mark they could be replayed when that time comes. */
  async function signaturesAfter(to: UnixNanos): Promise<readonly Dated[]> {
    const after = addSeconds(to, futureToleranceSeconds);
    const seen = new Map<string, Dated>();
    let cursor: string | undefined;
    do {
      // An earlier attempt may have written waiting rows by the new time, so the search starts an hour before it.
      const filter = { account: undefined, from: addSeconds(to, -3_600), to: unixNanos(2n ** 63n - 1n) };
      const { rows, next } = await store.audit(filter, { limit: PAGE_ROWS, cursor });
      for (const row of rows) {
        const [account, seconds] = [parseFelt(row.account), signedAt(row)];
        // valid_after ends everything dated before that.
        if (account === undefined || seconds === undefined || nanosOfSeconds(seconds) <= after) continue;
        seen.set(`${account} ${row.actor} ${seconds}`, { account, signer: row.actor, seconds });
      }
      cursor = next;
    } while (cursor !== undefined);
    return [...seen.values()];
  }
}

/** The timestamp of a used signature, and the credential that signed it. */
interface Dated {
  readonly account: AccountId;
  readonly signer: string;
  readonly seconds: UnixSeconds;
}

async function markAll(tx: StoreTransaction, dated: readonly Dated[]): Promise<void> {
  for (const { account, signer, seconds } of dated) {
    const until = addSeconds(nanosOfSeconds(seconds), MAX_SIGNATURE_SECONDS + MARK_GRACE_SECONDS);
    await tx.markDated(account, signer, seconds, until);
  }
}

/** Actions whose rows hold the timestamp of a signature that could be replayed. */
const signedActions: ReadonlySet<string> = new Set<AuditAction>([
  'login',
  'subkey.registered',
  'account.revoked_all',
  'account.signed_out_everywhere',
]);

function signedAt({ action, detail }: AuditRow): UnixSeconds | undefined {
  if (!signedActions.has(action)) return undefined;
  const said = parsed(detail);
  if (typeof said !== 'object' || said === null) return undefined;
  const { auth_time, signature_timestamp, siwe_message } = {
    auth_time: 0,
    signature_timestamp: 0,
    siwe_message: '',
    ...said,
  };
  const seconds = auth_time || signature_timestamp;
  if (typeof seconds === 'number' && Number.isSafeInteger(seconds) && seconds > 0) return unixSeconds(seconds);
  const message = typeof siwe_message === 'string' ? parseSiwe(siwe_message) : undefined;
  const issuedAt = typeof message === 'object' ? message.issuedAt : undefined;
  return issuedAt === undefined ? undefined : secondsOf(issuedAt);
}

/** A damaged row yields nothing. */
function parsed(detail: string): unknown {
  try {
    return JSON.parse(detail);
  } catch {
    return undefined;
  }
}
