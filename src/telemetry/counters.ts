// Everything counted as it happens. Counting is on every request's path, so it is a few integer additions. Labels are words of closed
// lists of ours: never a client's text, an address, an account or a credential.
import type { AuditAction } from '../domain/audit-action.ts';
import { type DenyReason, denyReasons } from '../domain/decision.ts';
import { type ErrorCode, errorStatus } from '../errors.ts';
import type { Outcome } from '../gateway/exchange.ts';
import {
  type AccountBucket,
  accountBuckets,
  type IpBucket,
  ipBuckets,
  type MeasuredVerdict,
} from '../ratelimit/limiter.ts';
import {
  createDistribution,
  createPairTally,
  createTally,
  type Distribution,
  type PairTally,
  type Tally,
} from './tally.ts';

/** The surface that answered: a handler of ours, the venue (or we in its place), or the door, before the request got to either. */
export const surfaces = ['door', 'ours', 'venue'] as const;
export type Surface = (typeof surfaces)[number];

/** The status class of an answer, or `broken` when the client did not get the whole of one. */
export const outcomeClasses = ['2xx', '3xx', '4xx', '5xx', 'broken'] as const;
export type OutcomeClass = (typeof outcomeClasses)[number];

/** Why a connection was closed unheard, or though nothing was wrong with it: `silent`, to make room for another. */
export const connectionRefusals = [
  'too_many',
  'too_many_from_address',
  'too_many_handshakes',
  'silent',
  'no_descriptor',
] as const;
export type ConnectionRefusal = (typeof connectionRefusals)[number];

export type LoginProof = 'starknet' | 'wallet' | 'device';
export type LoginResult = 'ok' | ErrorCode;
export type RefusalReason = DenyReason | ErrorCode;

/** Why the operator API refused: no Authorization header, or one without the operator's token. */
export const operatorDenials = ['bearer_missing', 'operator_token_wrong'] as const;
export type OperatorDenial = (typeof operatorDenials)[number];

/** What became of the line about a forwarded request: too many a minute, or the log was behind. */
export const requestLineResults = ['written', 'too_many', 'log_behind'] as const;
export type RequestLineResult = (typeof requestLineResults)[number];

export interface Counters {
  readonly decisions: PairTally<'allow' | 'deny', DenyReason | 'none'>;
  readonly errors: Tally<ErrorCode>;
  readonly rateLimited: PairTally<IpBucket | AccountBucket, MeasuredVerdict['scope']>;
  readonly operatorDenied: Tally<OperatorDenial>;
  /** Connections that were closed unheard. */
  readonly closedUnheard: Tally<ConnectionRefusal>;
  /** Requests that have come and whose answers have not ended. */
  underWay: number;
  readonly requests: Readonly<Record<Surface, Readonly<Record<OutcomeClass, Distribution>>>>;
  /** From arrival to the decision. */
  readonly deciding: Distribution;
  /** From arrival until the head left for the venue. */
  readonly beforeVenue: Distribution;
  /** From the end of `beforeVenue` until the venue's head came. */
  readonly venueHead: Distribution;
  readonly exchanges: PairTally<Outcome['kind'], RefusalReason | 'none'>;
  /** Lines about forwarded requests (setting log.requests). */
  readonly requestLines: Tally<RequestLineResult>;
  /** Exchanges in a row that were refused because of the venue; 0 after one that it answered. */
  venueFailuresInARow: number;
  readonly logins: PairTally<LoginProof, LoginResult>;
  /** Logins that were refused although their signature was good. */
  readonly provenRefusals: Tally<ErrorCode>;
  readonly changes: Tally<AuditAction>;
  /** From the beginning of the transaction until the change is applied. */
  readonly changing: Distribution;
  /** From commit to the last acknowledgement: the receipt's `ms`. */
  readonly barrier: Distribution;
  /** Exchanges whose head had left for the venue when their credential ended: the receipts' `in_flight`. */
  revokedInFlight: number;
  /** Of questions to the verifier of signatures: waiting, and the computation itself. */
  readonly verificationWait: Distribution;
  readonly verificationCompute: Distribution;
}

/** For whole requests, which wait for the venue: 0.5 ms to its deadline. */
const REQUEST_BOUNDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** For work of this process alone: 25 us to 1 s. */
const OWN_BOUNDS = [
  0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1,
];

/** Actions that on-call people watch for, at 0 from the start; other actions appear once they have happened. */
const endings: readonly AuditAction[] = [
  'subkey.revoked',
  'token.revoked',
  'account.locked',
  'account.signed_out_everywhere',
  'account.revoked_all',
  'signing_key.retired',
  'credential.reported_leaked',
];

/** Codes that refuse a login with a good signature: at 0 from the start, so that the first one shows as an increase. */
const refusalsOfProven: readonly ErrorCode[] = [
  'IP_NOT_ALLOWED',
  'REQUEST_NOT_ALLOWED',
  'INVALID_SUBKEY',
  'INVALID_TIMESTAMP',
  'INVALID_BLOCK_EXPIRATION',
  'SIGNATURE_ALREADY_USED',
  'RATE_LIMITED',
];

const codes = Object.keys(errorStatus).filter((name): name is ErrorCode => Object.hasOwn(errorStatus, name));

export function createCounters(): Counters {
  const perClass = (): Record<OutcomeClass, Distribution> => ({
    '2xx': createDistribution(REQUEST_BOUNDS),
    '3xx': createDistribution(REQUEST_BOUNDS),
    '4xx': createDistribution(REQUEST_BOUNDS),
    '5xx': createDistribution(REQUEST_BOUNDS),
    broken: createDistribution(REQUEST_BOUNDS),
  });
  return {
    decisions: createPairTally([['allow', 'none'], ...denyReasons.map((reason) => ['deny', reason] as const)]),
    errors: createTally(codes),
    rateLimited: createPairTally([
      ...ipBuckets.map((bucket) => [bucket, 'address'] as const),
      ...accountBuckets.map((bucket) => [bucket, 'account'] as const),
    ]),
    operatorDenied: createTally(operatorDenials),
    closedUnheard: createTally(connectionRefusals),
    underWay: 0,
    requests: { door: perClass(), ours: perClass(), venue: perClass() },
    deciding: createDistribution(OWN_BOUNDS),
    beforeVenue: createDistribution(REQUEST_BOUNDS),
    venueHead: createDistribution(REQUEST_BOUNDS),
    exchanges: createPairTally([['answered', 'none']]),
    requestLines: createTally(requestLineResults),
    venueFailuresInARow: 0,
    logins: createPairTally([
      ['starknet', 'ok'],
      ['wallet', 'ok'],
    ]),
    provenRefusals: createTally(refusalsOfProven),
    changes: createTally(endings),
    changing: createDistribution(REQUEST_BOUNDS),
    barrier: createDistribution(REQUEST_BOUNDS),
    revokedInFlight: 0,
    verificationWait: createDistribution(OWN_BOUNDS),
    verificationCompute: createDistribution(OWN_BOUNDS),
  };
}
