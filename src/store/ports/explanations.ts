// Why requests were refused: one row for each refused request of an identified credential, as long as there is room.
import type { AccountId } from '../../domain/credential.ts';
import type { UnixNanos } from '../../domain/time.ts';

export interface Explanation {
  readonly account: AccountId;
  readonly requestId: string;
  readonly at: UnixNanos;
  /** `kind:id` of the credential that was refused. */
  readonly credential: string;
  readonly reason: string;
  readonly route: string;
  /** Refusals of the same credential, reason, route and minute that have no row. */
  readonly others: number;
  /** JSON text. Never a secret. */
  readonly detail: string;
}

/** Rows at most. */
export interface ExplanationBounds {
  readonly perAccount: number;
  readonly perCredential: number;
  /** Of one credential and reason. */
  readonly perReason: number;
  readonly inAll: number;
}

/** Refusals without a row, of all that are alike in one minute. */
export interface OthersInMinute extends Pick<Explanation, 'account' | 'credential' | 'reason' | 'route' | 'others'> {
  readonly from: UnixNanos;
  /** Exclusive. */
  readonly to: UnixNanos;
}

export interface Explanations {
  explanation(account: AccountId, requestId: string): Promise<Explanation | undefined>;
  /** Writes the rows and deletes older ones, so that no bound is exceeded. One durable write; for at most a hundred. */
  addExplanations(rows: readonly Explanation[], bounds: ExplanationBounds): Promise<void>;
  /** Sets `others` of the rows of each minute. */
  countOthers(minutes: readonly OthersInMinute[]): Promise<void>;
  /** Deletes rows of times outside of `kept`, and the oldest above `inAll`, a thousand in one transaction. */
  purgeExplanations(kept: { readonly from: UnixNanos; readonly to: UnixNanos }, inAll: number): Promise<void>;
}
