// A device proves its key (RFC 9449) and gets a session. The checks come in the order of docs/wire.md section 19; all that fail,
// but for the times, get one answer: a stranger learns nothing, not even whether there is such a device.
import type { AuditJournal } from '../audit/journal.ts';
import type { IpAddress } from '../domain/allowlist.ts';
import { type Device, deviceStateAt } from '../domain/device.ts';
import { DEVICE_PROOF_SECONDS, MARK_GRACE_SECONDS } from '../domain/lifetimes.ts';
import type { RequestOrigin } from '../domain/request-origin.ts';
import { addSeconds, type Clock, nanosOfSeconds, secondsOf, type UnixSeconds, unixSeconds } from '../domain/time.ts';
import { NEVER_USED } from '../domain/use.ts';
import { ApiError } from '../errors.ts';
import { isSigned, type Proof, readProof, thumbprintHex } from '../jwt/dpop.ts';
import type { Store } from '../store/store.ts';
import type { OnBehalfOf } from '../verification/on-behalf-of.ts';
import { requireNotFromFuture, timestampError } from './login-window.ts';
import type { SessionOpening } from './open-session.ts';
import type { ProvenLogin } from './prove-login.ts';
import { afterProof } from './proven-refusal.ts';
import type { SeenProofs } from './seen-proofs.ts';

export interface DeviceSessionRequest extends RequestOrigin {
  readonly deviceId: string;
  /** The DPoP header; empty when there is none. Two of them come as one text, which is no proof. */
  readonly proof: string;
  /** Of the request: its Host header, and its path. */
  readonly host: string | undefined;
  readonly path: string;
  readonly clientIp: IpAddress | undefined;
  readonly asker: OnBehalfOf;
}

export interface DeviceSession {
  readonly jwt: string;
  readonly expiresAt: UnixSeconds;
}

/**
 * Throws UNAUTHORIZED_ERROR, INVALID_TIMESTAMP, RATE_LIMITED and SERVICE_UNAVAILABLE. A session ends with its device, and not later than
 * the device's idle time, which begins anew with each.
 */
export type OpenDeviceSession = (request: DeviceSessionRequest) => Promise<DeviceSession>;

export function createOpenDeviceSession(deps: {
  readonly store: Pick<Store, 'device' | 'transaction'>;
  readonly clock: Clock;
  readonly session: SessionOpening;
  readonly journal: AuditJournal;
  readonly seen: SeenProofs;
  readonly settings: {
    readonly futureToleranceSeconds: number;
    /** Whether it is kept when and from where a device was last used. Its idle time begins anew in any case. */
    readonly keepLastUse: boolean;
  };
}): OpenDeviceSession {
  const { store, clock, session, seen, settings } = deps;

  return async function openDeviceSession(request) {
    const proof = readProof(request.proof);
    if (proof === undefined) throw notSignedIn('proof_malformed');
    const device = await store.device(request.deviceId);
    if (device === undefined) throw notSignedIn('credential_unknown');
    if (deviceStateAt(device, clock.latest()) !== 'active') throw notSignedIn('device_over');
    if (thumbprintHex(proof.jwk) !== device.thumbprint) throw notSignedIn('proof_other_key');
    if (proof.htm !== 'POST') throw notSignedIn('proof_htm');
    if (!isTarget(proof.htu, request)) throw notSignedIn('proof_htu');
    requireRecent(proof.iat);
    const name = `${device.deviceId} ${proof.jti}`;
    if (seen.has(name)) throw notSignedIn('proof_repeated');
    if (!(await isSigned(proof))) throw notSignedIn('proof_signature');
    const credential = { account: device.account, kind: 'device', id: device.deviceId } as const;
    const proven = { credential, authTime: device.authTime };
    return afterProof(deps.journal, proven, request, () => inOneWord(() => open(device, proof, request)));
  };

  /** "From 60 s ago to the tolerance ahead". Throws INVALID_TIMESTAMP. */
  function requireRecent(iat: UnixSeconds): void {
    requireNotFromFuture(iat, clock, settings.futureToleranceSeconds);
    if (secondsOf(clock.latest()) - iat > DEVICE_PROOF_SECONDS) {
      throw timestampError(iat, clock, `the proof is older than ${DEVICE_PROOF_SECONDS} s`);
    }
  }

  async function open(device: Device, proof: Proof, request: DeviceSessionRequest): Promise<DeviceSession> {
    const { account, deviceId, thumbprint: label, authTime, idleSeconds } = device;
    const credential = { account, kind: 'device', id: deviceId } as const;
    const proven: ProvenLogin = { credential, label, authTime };
    const login = { ...request, account, isolated: false, tokenUsage: undefined };
    const name = `${deviceId} ${proof.jti}`;
    // In one turn from here to `add`: of many at once, one is charged and counts.
    if (seen.has(name)) throw notSignedIn('proof_repeated');
    if (!seen.hasRoom(account)) throw new ApiError('SERVICE_UNAVAILABLE', 'too many proofs at once; try again');
    session.requireSessionsLeft(proven);
    seen.add(account, name);
    await session.requireWelcome(proven, login);
    const usedAt = clock.now();
    await store.transaction(async (tx) => {
      // Also after a restart, which has forgotten what was seen.
      const until = addSeconds(nanosOfSeconds(proof.iat), DEVICE_PROOF_SECONDS + MARK_GRACE_SECONDS);
      if ((await tx.useSiweNonce(account, name, until)) !== undefined) throw notSignedIn('proof_repeated');
      const use = settings.keepLastUse ? { lastAt: usedAt, lastIp: request.clientIpText } : NEVER_USED;
      if (!(await tx.useDevice(device, usedAt, use))) throw notSignedIn('device_over');
    });
    const idleEnds = addSeconds(usedAt, idleSeconds);
    const endsBy = secondsOf(idleEnds < device.expiresAt ? idleEnds : device.expiresAt);
    const { jwt, expiresAt } = await session.open({ ...proven, endsBy: unixSeconds(endsBy) }, login);
    return { jwt, expiresAt };
  }
}

/** For all that a stranger could try; the reason is for our own log. */
const notSignedIn = (reason: string): ApiError =>
  new ApiError('UNAUTHORIZED_ERROR', 'this device is not signed in here', { reason });

/** Refusals of the credential are told in the same words; a limit and a failure of ours as they are. */
async function inOneWord<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ApiError) || error.status >= 500 || error.code === 'RATE_LIMITED') throw error;
    throw notSignedIn(error.reason);
  }
}

/** scheme, host with its port, path: no user, query or fragment. */
const url = /^(https?):\/\/(\[[0-9a-f:.]+\]|[0-9a-z._-]+)(?::([0-9]{1,5}))?(\/[^?#]*)$/i;
const authority = /^(\[[0-9a-f:.]+\]|[0-9a-z._-]+)(?::([0-9]{1,5}))?$/i;

/**
 * Whether `htu` is the URL of the request. The scheme may be either: behind a proxy that ends TLS only the proxy knows it, and a proof is
 * bound to host, path and key, and counts once. A port left out is the usual one of that scheme.
 */
function isTarget(htu: string, { host: hostHeader = '', path }: Pick<DeviceSessionRequest, 'host' | 'path'>): boolean {
  const [, scheme = '', host = '', port = '', its = ''] = url.exec(htu) ?? [];
  const [, wanted = '', wantedPort = ''] = authority.exec(hostHeader) ?? [];
  const usual = scheme.toLowerCase() === 'http' ? '80' : '443';
  return (
    host !== '' &&
    host.toLowerCase() === wanted.toLowerCase() &&
    (port || usual) === (wantedPort || usual) &&
    its === path
  );
}
