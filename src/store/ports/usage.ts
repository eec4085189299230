// Use of credentials: counts per credential and UTC day, when and from where each was last used, and the addresses it was used from.
// Credentials are named as `kind:id` within their account.
import type { AccountId } from '../../domain/credential.ts';
import type { AddressUse, LastUse, UseCounts, UtcDay } from '../../domain/use.ts';

/** Of one UTC day. */
export interface DayUse extends UseCounts {
  /** `subkey:42`. */
  readonly credential: string;
  readonly day: UtcDay;
}

/** What is added to the rows of one credential and day. */
export interface AddedUse extends DayUse, LastUse {
  readonly account: AccountId;
  readonly addresses: readonly AddressUse[];
}

export interface UsageSpan {
  readonly credential: string | undefined;
  readonly from: UtcDay;
  /** Inclusive. */
  readonly to: UtcDay;
  /** Only rows after this one. */
  readonly after: Pick<DayUse, 'day' | 'credential'> | undefined;
}

export interface CredentialName {
  readonly account: AccountId;
  /** `subkey:42`. */
  readonly credential: string;
}

export interface UsageReads {
  /** Newest day first, and within a day by credential; at most `count`. */
  usage(account: AccountId, span: UsageSpan, count: number): Promise<readonly DayUse[]>;
  /** Newest first; at most MOST_ADDRESSES. */
  usedAddresses(account: AccountId, credential: string): Promise<readonly AddressUse[]>;
  /**
   * The credentials that were used from an address, last on a day not before `from`: by account and credential, those after `after`, at most
   * `count`. Passes over the addresses of everybody, some in a turn of the event loop.
   */
  usedFrom(
    address: string,
    span: { readonly from: UtcDay; readonly after: CredentialName | undefined },
    count: number,
  ): Promise<readonly CredentialName[]>;
  /** By credential. One that is missing was never used. */
  lastUses(account: AccountId, credentials: readonly string[]): Promise<ReadonlyMap<string, LastUse>>;
}

export interface UsageWrites {
  /** All or nothing. Adds the counts; a later lastAt replaces the stored one; of a credential's addresses only the newest are kept. */
  addUsage(uses: readonly AddedUse[]): Promise<void>;
  /** Deletes some of the rows of days outside of `kept`; without it, of all rows. Returns whether there may be more. */
  purgeUsage(kept: { readonly from: UtcDay; readonly to: UtcDay } | undefined): Promise<boolean>;
  /**
   * Forgets when and from where some devices were last used, which stands in their rows. Returns the device with which it goes on;
   * undefined when it was with all.
   */
  forgetDeviceUse(after: string): Promise<string | undefined>;
}
