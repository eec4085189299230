// What is kept of one refusal besides its names: values of that moment. Never a query, a body, a header or a bearer.
import type { ApiError } from '../errors.ts';

export interface RefusalDetail {
  readonly method: string;
  readonly code: string;
  readonly status: number;
  readonly message: string;
  /** Empty when it could not be told. */
  readonly clientIp: string;
  readonly hops: readonly { readonly address: string; readonly trusted: boolean }[];
  readonly permissionNeeded?: string | undefined;
  readonly permissionsHeld?: readonly string[] | undefined;
  readonly allowedCidrs?: readonly string[] | undefined;
  readonly limit?: NonNullable<ApiError['facts']>['limit'];
  /** Unix nanoseconds, in decimal digits. */
  readonly signedAt?: string | undefined;
  readonly expiredSeconds?: number | undefined;
  readonly orderIndex?: number | undefined;
}

const MAX_CIDRS = 50;
const MAX_MESSAGE = 500;

/** `error` as it was answered. */
export function detailOf(
  error: ApiError,
  { method, clientIp, hops }: Pick<RefusalDetail, 'method' | 'clientIp' | 'hops'>,
): RefusalDetail {
  const { code, status, message, data, facts = {} } = error;
  return {
    method,
    code,
    status,
    message: message.slice(0, MAX_MESSAGE),
    clientIp,
    hops,
    permissionNeeded: facts.permissionNeeded,
    permissionsHeld: facts.permissionsHeld,
    allowedCidrs: facts.allowedCidrs?.slice(0, MAX_CIDRS),
    limit: facts.limit,
    signedAt: facts.signedAt?.toString(),
    expiredSeconds: facts.expiredSeconds,
    orderIndex: typeof data?.index === 'number' ? data.index : undefined,
  };
}

export const writeDetail = (detail: RefusalDetail): string => JSON.stringify(detail);

/** What writeDetail wrote, of this release or another: a member of another type is as if it were missing. */
export function readDetail(text: string): {
  readonly [Member in keyof RefusalDetail]-?: RefusalDetail[Member] | undefined;
} {
  const { method, code, status, message, clientIp, hops, ...facts } = membersOf(text);
  return {
    method: textIn(method),
    code: textIn(code),
    status: numberIn(status),
    message: textIn(message),
    clientIp: textIn(clientIp),
    hops: hopsIn(hops),
    permissionNeeded: textIn(facts.permissionNeeded),
    permissionsHeld: textsIn(facts.permissionsHeld),
    allowedCidrs: textsIn(facts.allowedCidrs),
    limit: limitIn(facts.limit),
    signedAt: digitsIn(facts.signedAt),
    expiredSeconds: numberIn(facts.expiredSeconds),
    orderIndex: numberIn(facts.orderIndex),
  };
}

type Members = Readonly<Record<string, unknown>>;

function membersOf(text: string): Members {
  try {
    return objectIn(JSON.parse(text)) ?? {};
  } catch {
    return {};
  }
}

const objectIn = (value: unknown): Members | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
const textIn = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const digitsIn = (value: unknown): string | undefined =>
  typeof value === 'string' && /^[0-9]{1,19}$/.test(value) ? value : undefined;
const numberIn = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);
const listIn = (value: unknown): readonly unknown[] | undefined => (Array.isArray(value) ? value : undefined);
const textsIn = (value: unknown): readonly string[] | undefined =>
  listIn(value)?.filter((entry) => typeof entry === 'string');

const hopsIn = (value: unknown): RefusalDetail['hops'] | undefined =>
  listIn(value)?.flatMap((hop) => {
    const { address, trusted } = objectIn(hop) ?? {};
    return typeof address === 'string' ? [{ address, trusted: trusted === true }] : [];
  });

function limitIn(value: unknown): RefusalDetail['limit'] {
  const { bucket, limit, windowSeconds, retryAfterSeconds } = objectIn(value) ?? {};
  if (typeof bucket !== 'string' || typeof limit !== 'number') return undefined;
  return {
    bucket,
    limit,
    windowSeconds: numberIn(windowSeconds) ?? 0,
    retryAfterSeconds: numberIn(retryAfterSeconds) ?? 0,
  };
}
