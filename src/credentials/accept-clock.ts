// The operator says that the machine's clock is right and the kept time is not. Nothing that was over by the kept time lives again:
// every session ends, whatever ended or was made in the time that is given up is revoked, and no signature that was taken then is
// taken twice. What is ended is written and in force before the time is set.

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
  readonly revoked: { readonly subkeys: number; readonly tokens: number };
}

/**
 * Undefined, and nothing is ended, where the two are within LEAD_SECONDS of each other. Throws SERVICE_UNAVAILABLE: the time is then
 * what it was, or, as the message says, set until the next start; asked again, it is finished.
 */
export type AcceptClock = (act: OperatorAct) => Promise<Changed<AcceptedClock> | undefined>;

/** More than it takes to write what is ended; no more than LEAD_SECONDS, so that nothing is ended by a clock set forward. */
const WRITING_SECONDS = 60;
/** As many accounts as the audit rows of one statement are for. */
const PAGE_ACCOUNTS = 500;
const PAGE_ROWS = 500;

export function createAcceptClock(deps: {
  readonly store: Pick<Store, 'audit' | 'setTime' | 'transaction'>;
  readonly changes: Changes;
  readonly clock: KeptClock;
  readonly masterKey: KeyObject;
  readonly signingKeys: Pick<SigningKeys, 'whileTimeIsSet'>;
  /** Writes the audit rows that wait. */
  readonly writeAudit: () => Promise<void>;
  readonly settings: { readonly futureToleranceSeconds: number };
}): AcceptClock {
  const { store, changes, clock } = deps;
  const { futureToleranceSeconds } = deps.settings;

  return (act) =>
    deps.signingKeys.whileTimeIsSet(async () => {
      if (Math.abs(leadSeconds(clock)) <= LEAD_SECONDS) {
        // An acceptance that was broken off after the time was set is finished.
        await finish(clock.now());
        return undefined;
      }
      const from = clock.now();
      const to = clock.machine();
      const readAt = clock.monotonic();
      // In one turn: no session is signed by an old key at the new time, nor by a new key at the old one.
      const { result, receipt } = await changes.commit((tx) => endAll(tx, { from, to }, act), {
        onceWritten: { inTheSameTurn: () => clock.accept(to, readAt) },
      });
      await finish(to);
      return { result, receipt };
    });

  // Until it is written, a start finds the old time, and asks for all of it again; what is dated ahead is refused as of the future.
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
    // And what ends by the old time until the new one is taken.
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
      },
      narrows: true,
    });
    const accepted: AcceptedClock = { from, to, validAfter, revoked };
    return {
      result: accepted,
      // The rows of the accounts stand before it, so that it may speak for them all.
      change: { ...change, subjects: [...subjects, ...ended.flatMap(revokedSubjects)] },
    };
  }

  // Sessions live by when they were signed, which is in the future now: they die by their key. Tokens keep theirs, of which the age
  // is told by a time that was wrong.
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
    // The newest active key of a use signs: their order stays.
    const ahead = alive.filter(({ use, createdAt }) => hasRows(use) && createdAt > to);
    for (const [at, key] of ahead.entries()) {
      const createdAt = unixNanos(to - BigInt(ahead.length - 1 - at));
      await tx.dateSigningKey(key.kid, createdAt);
      live.push({ ...key, createdAt });
    }
    return { retired, live };
  }

  /** The signatures that were taken and bear a time after `to`, as the audit log has them: they could be sent again when it comes. */
  async function signaturesAfter(to: UnixNanos): Promise<readonly Dated[]> {
    const after = addSeconds(to, futureToleranceSeconds);
    const seen = new Map<string, Dated>();
    let cursor: string | undefined;
    do {
      // Rows that waited were written by the new time, at an earlier attempt perhaps.
      const filter = { account: undefined, from: addSeconds(to, -3_600), to: unixNanos(2n ** 63n - 1n) };
      const { rows, next } = await store.audit(filter, { limit: PAGE_ROWS, cursor });
      for (const row of rows) {
        const [account, seconds] = [parseFelt(row.account), signedAt(row)];
        // What is dated before that is ended by valid_after.
        if (account === undefined || seconds === undefined || nanosOfSeconds(seconds) <= after) continue;
        seen.set(`${account} ${row.actor} ${seconds}`, { account, signer: row.actor, seconds });
      }
      cursor = next;
    } while (cursor !== undefined);
    return [...seen.values()];
  }
}

/** A time that a signature by a credential of an account bears. */
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

/** Whose rows bear the time of a signature that could be sent again. */
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

/** A row that somebody damaged says nothing. */
function parsed(detail: string): unknown {
  try {
    return JSON.parse(detail);
  } catch {
    return undefined;
  }
}
