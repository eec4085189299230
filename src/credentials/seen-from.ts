// What an address did: the credentials that were used from there, as far as use is kept, and those in the rows of the audit log.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { IpAddress } from '../domain/allowlist.ts';
import { type AccountId, type CredentialRef, credentialSubject } from '../domain/credential.ts';
import { isCursorOf } from '../domain/cursor.ts';
import { parseFelt } from '../domain/felt.ts';
import { unixNanos } from '../domain/time.ts';
import type { AuditRow, Store } from '../store/store.ts';
import type { UsageReads } from '../usage/reads.ts';
import { readCredentialText } from './credential-text.ts';
import type { Found } from './found-credential.ts';

/** What a credential did from an address, within one page of rows. */
export interface Seen {
  readonly rows: number;
  readonly newest: AuditRow;
  readonly oldest: AuditRow;
}

export interface SeenFrom {
  readonly by: 'client';
  /** Canonical text. */
  readonly address: string;
  /** `seen` is undefined for those that only use tells of, or rows of other pages. */
  readonly results: readonly (Found & { readonly seen: Seen | undefined })[];
  /** Cursor to further credentials, then to older rows. */
  readonly next: string | undefined;
}

/** Audit rows per page of an address. */
const PAGE_ROWS = 500;
/** Credentials per page that use tells of. */
const PAGE_USED = 100;
export const END_OF_TIME = unixNanos(2n ** 63n - 1n);

export function createSeenFrom(deps: {
  readonly store: Pick<Store, 'audit'>;
  readonly usage: Pick<UsageReads, 'usedFrom'>;
  readonly foundOf: (ref: CredentialRef) => Promise<Found>;
}): (ip: IpAddress, cursor: string | undefined) => Promise<SeenFrom> {
  const { store, usage, foundOf } = deps;

  return async function seenFrom({ text: address }, cursor) {
    const seen = new Map<string, { readonly ref: CredentialRef; readonly seen: Seen | undefined }>();
    const isOlder = cursor !== undefined && !isCursorOf('used_from', cursor);
    const used = isOlder ? { rows: [], next: undefined } : await usage.usedFrom(address, { limit: PAGE_USED, cursor });
    for (const { account, credential } of used.rows) {
      const ref = refOf(account, credential);
      if (ref !== undefined) seen.set(credentialSubject(ref), { ref, seen: undefined });
    }
    // The rows of the log come with the last of those, and after them.
    const next = used.next ?? (await addRows(seen, address, isOlder ? cursor : undefined));
    const results: SeenFrom['results'][number][] = [];
    for (const one of seen.values()) {
      results.push({ ...(await foundOf(one.ref)), seen: one.seen });
      await nextTurn();
    }
    return { by: 'client', address, results, next };
  };

  async function addRows(
    seen: Map<string, { readonly ref: CredentialRef; readonly seen: Seen | undefined }>,
    address: string,
    cursor: string | undefined,
  ): Promise<string | undefined> {
    const filter = { address, from: undefined, to: END_OF_TIME, newestFirst: true };
    const { rows, next } = await store.audit(filter, { limit: PAGE_ROWS, cursor });
    for (const row of rows) {
      const ref = refOfRow(row);
      if (ref === undefined) continue;
      const known = seen.get(credentialSubject(ref))?.seen;
      const count = { rows: (known?.rows ?? 0) + 1, newest: known?.newest ?? row, oldest: row };
      seen.set(credentialSubject(ref), { ref, seen: count });
    }
    return next;
  }
}

/** The actor of a row, or its subject when it has no actor. */
function refOfRow({ account, actor, subject }: AuditRow): CredentialRef | undefined {
  const owner = parseFelt(account);
  return owner === undefined ? undefined : actor === '' ? refIn(owner, subject) : refOf(owner, actor);
}

/** `credential`: `subkey:42`. */
const refOf = (account: AccountId, credential: string): CredentialRef | undefined =>
  refIn(account, `credential/${account}/${credential.replace(':', '/')}`);

function refIn(account: AccountId, subject: string): CredentialRef | undefined {
  const text = readCredentialText(subject);
  return text?.kind === 'row' ? { account, kind: text.of, id: text.id } : undefined;
}
