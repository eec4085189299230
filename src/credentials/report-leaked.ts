// Anyone who finds one of our bearers may end it: possession is the proof. A token is revoked, and a device ended. Any other session ends
// that credential's sessions up to its own, never the key behind it (docs/decisions.md "leaked endpoint"), and the devices they made; one
// that has expired ends the devices that it made itself: its thief may have made one in time.
import { livenessRefusal } from '../access/rules.ts';
import { actorOf, credentialSubject } from '../domain/credential.ts';
import { isRevocableKind, isSessionKind, kindTable } from '../domain/kinds.ts';
import { unwrapped } from '../domain/pasted.ts';
import type { RequestOrigin } from '../domain/request-origin.ts';
import { type Clock, nanosOfSeconds, secondsOf, unixSeconds } from '../domain/time.ts';
import type { BearerResult, VerifiedClaims, VerifyBearer } from '../jwt/verify.ts';
import type { Changes } from '../revocation/commit.ts';
import type { SingleDenial } from '../revocation/denial.ts';
import type { EndedDevice, StoreReads, StoreTransaction } from '../store/store.ts';
import { revokeRow } from './credential-rows.ts';
import { nobody, record } from './record.ts';
import { deviceSubjects } from './revoked-credentials.ts';

export interface LeakReport extends RequestOrigin {
  readonly bearer: string;
}

/** Resolves the same for a bearer that is alive, dead or not ours: the answer must tell a finder nothing. */
export type ReportLeaked = (report: LeakReport) => Promise<void>;

export function createReportLeaked(deps: {
  verifyBearer: VerifyBearer;
  /** Tells that a bearer is ours, dead or alive. */
  readBearer: (token: string) => BearerResult;
  changes: Changes;
  clock: Clock;
}): ReportLeaked {
  const { clock } = deps;

  return async function reportLeaked(report) {
    // The finder may paste a whole header or log line, and the answer would not tell that nothing was ended: so unwrap it.
    const bearer = unwrapped(report.bearer);
    const verified = deps.verifyBearer(bearer, secondsOf(clock.now()));
    const isOver = !verified.ok && verified.reason === 'bearer_expired';
    const read = isOver ? deps.readBearer(bearer) : verified;
    if (!read.ok || (isOver && isRevocableKind(read.claims.credential.kind))) return;
    const { claims } = read;
    const { credential } = claims;
    const ending = endingOf(claims);
    const isWhole = ending.kind === 'credential';
    await deps.changes.commit(
      async (tx, stored) => {
        const ended = isOver ? await endMade(tx, claims) : await end(tx, stored, claims);
        if (ended === undefined) return { result: undefined, change: undefined };
        const change = await record(tx, {
          by: nobody(report),
          account: credential.account,
          action: 'credential.reported_leaked',
          subject: credentialSubject(credential),
          subjects: [credentialSubject(credential), ...deviceSubjects(credential.account, ended)],
          detail: { credential: actorOf(credential), session: claims.session, auth_time: claims.authTime },
          narrows: true,
        });
        return { result: undefined, change };
      },
      {
        ifUnwritten: { end: () => [ending], cut: isWhole ? 'credential_revoked' : 'signed_out' },
        onceWritten: { lift: () => [ending] },
      },
    );
  };

  // The devices that end with it. Undefined when its end is already written: a dead bearer must not make rows. An end that could not be
  // written is written now.
  async function end(
    tx: StoreTransaction,
    stored: StoreReads,
    claims: VerifiedClaims,
  ): Promise<readonly EndedDevice[] | undefined> {
    const { credential, authTime } = claims;
    const { facts } = await stored.facts({ ...credential, kid: claims.kid });
    const caller = { kind: credential.kind, permissions: new Set<never>(), authTime };
    const refusal = livenessRefusal(caller, facts, clock.now());
    if (refusal !== undefined && refusal !== 'account_locked') return undefined;
    const { account, kind, id } = credential;
    const whole = wholeOf(claims);
    if (whole !== undefined) return (await revokeRow(tx, whole.credential, clock.now())) ? [] : undefined;
    if (!isSessionKind(kind)) return undefined;
    await tx.raiseCredentialValidAfter({ account, kind, id }, nanosOfSeconds(authTime));
    return isRevocableKind(kind) ? [] : tx.endDevices(account, clock.now(), { from: unixSeconds(0), to: authTime });
  }

  /** Undefined when it made none that is not ended. */
  async function endMade(
    tx: StoreTransaction,
    { credential: { account }, authTime }: VerifiedClaims,
  ): Promise<readonly EndedDevice[] | undefined> {
    const ended = await tx.endDevices(account, clock.now(), { from: authTime, to: authTime });
    return ended.length === 0 ? undefined : ended;
  }
}

function endingOf(claims: VerifiedClaims): SingleDenial {
  const { credential, authTime } = claims;
  const { account, kind, id } = credential;
  const whole = wholeOf(claims);
  if (whole !== undefined) return whole;
  if (!isSessionKind(kind)) throw new Error(`a leak of the kind ${kind} ends nothing`);
  return { kind: 'credential_sessions', credential: { account, kind, id }, upTo: nanosOfSeconds(authTime) };
}

/** Undefined where only sessions end. */
function wholeOf({
  credential: { account, kind, id },
  label,
}: VerifiedClaims): Extract<SingleDenial, { kind: 'credential' }> | undefined {
  if (kindTable[kind].leakEnds !== 'itself' || !isRevocableKind(kind)) return undefined;
  return { kind: 'credential', credential: { account, kind, id }, label };
}
