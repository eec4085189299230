// Audit rows that belong to no change: logins, terminal tokens and receipts, written once a second, and refusals of identified
// credentials, counted per minute. It must not grow with what strangers send: only callers that proved a credential reach it, and rows
// per account and minute are bounded. `at` is the time of writing, so each row also says when its event was: else a login before a
// revocation would read as one after it.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type AccountId, actorOf, type CredentialRef, credentialSubject } from '../domain/credential.ts';
import type { DenyReason } from '../domain/decision.ts';
import type { RequestOrigin } from '../domain/request-origin.ts';
import type { Clock, UnixNanos } from '../domain/time.ts';
import type { AuditEntry, Store } from '../store/store.ts';

export interface AuditJournal {
  login(credential: CredentialRef, origin: RequestOrigin, detail: Readonly<Record<string, unknown>>): void;
  terminalToken(credential: CredentialRef, origin: RequestOrigin, detail: Readonly<Record<string, unknown>>): void;
  refused(credential: CredentialRef, origin: RequestOrigin, reason: DenyReason, route: string): void;
  /** A refused login whose signature was good. The first from an address is written with the next logins. */
  loginRefused(credential: CredentialRef, origin: RequestOrigin, reason: string): void;
  /** The receipt of an ending, which is known only after the row of the ending is written. */
  ended(row: AuditEntry, receipt: { readonly nodes: number; readonly ms: number; readonly inFlight: number }): void;
  /** Writes the waiting logins and terminal tokens; refusals go on being counted. */
  writeLogins(): Promise<void>;
  /** Writes all waiting rows. Call it on shutdown, after the last request. */
  close(): Promise<void>;
}

export interface AuditJournalStats {
  /** Rows that wait to be written. */
  readonly waiting: number;
  readonly written: number;
  /** Rows that could not be written, and are lost. */
  readonly lost: number;
  /** Whether the last attempt to write failed. */
  readonly failing: boolean;
}

const LOGIN_GROUP_MS = 1_000;
const REFUSAL_GROUP_MS = 60_000;
/**
 * Distinct refusals counted at once, for requests and for logins apart: one account's refused requests must not push out the refused
 * logins of another. The rows of the minute say how many more there were.
 */
const MAX_COUNTED = 10_000;
/** Distinct (credential, reason, address) of refused logins per account; the others of the minute are one row per reason. */
const MAX_LOGINS_REFUSED = 100;
/** Rows written in one turn of the event loop, so that no request waits for ten thousand. */
const BATCH_ROWS = 100;

type Refused = 'requests' | 'logins';

interface Counted {
  /** Of the first of them. */
  readonly entry: AuditEntry;
  first: UnixNanos;
  last: UnixNanos;
  count: number;
}

export function createAuditJournal(deps: {
  store: Pick<Store, 'appendAudit'>;
  clock: Pick<Clock, 'now'>;
  onFailure: (error: unknown, rows: number) => void;
}): AuditJournal & { stats(): AuditJournalStats } {
  const { clock } = deps;
  let logins: AuditEntry[] = [];
  let refusals = noRefusals();
  let loginsRefused = new Map<AccountId, number>();
  let uncounted = 0;
  let writing: Promise<void> = Promise.resolve();
  let underWay = 0;
  let written = 0;
  let lost = 0;
  let failing = false;
  const loginTimer = setInterval(writeLogins, LOGIN_GROUP_MS).unref();
  const refusalTimer = setInterval(writeRefusals, REFUSAL_GROUP_MS).unref();

  return {
    login: (credential, origin, detail) => happened(entryOf('login', credential, origin, detail)),

    terminalToken: (credential, origin, detail) =>
      happened(entryOf('terminal_token.issued', credential, origin, detail)),

    refused(credential, origin, reason, route) {
      const name = `${credentialSubject(credential)} ${reason} ${route}`;
      count('requests', name, () => entryOf('request.refused', credential, origin, { reason, route }));
    },
    loginRefused(credential, origin, reason) {
      const name = `one ${credentialSubject(credential)} ${reason} ${origin.clientIpText}`;
      const { account } = credential;
      const known = loginsRefused.get(account) ?? 0;
      if (!refusals.logins.has(name) && known >= MAX_LOGINS_REFUSED) {
        count('logins', `others ${account} ${reason}`, () =>
          entryOf('login.refused', credential, origin, { reason, others: true }),
        );
        return;
      }
      const isFirst = count('logins', name, () => entryOf('login.refused', credential, origin, { reason }), 0);
      if (!isFirst) return;
      loginsRefused.set(account, known + 1);
      happened(entryOf('login.refused', credential, origin, { reason, count: 1 }));
    },

    ended: ({ action, ...row }, { nodes, ms, inFlight }) =>
      happened({ ...row, action: 'ending.receipt', detail: { action, nodes, ms, in_flight: inFlight } }),
    async writeLogins() {
      writeLogins();
      await writing;
    },

    async close() {
      clearInterval(loginTimer);
      clearInterval(refusalTimer);
      writeLogins();
      writeRefusals();
      await writing;
    },

    stats: () => ({
      waiting: logins.length + refusals.requests.size + refusals.logins.size + underWay,
      written,
      lost,
      failing,
    }),
  };

  function happened(row: AuditEntry): void {
    logins.push({ ...row, detail: { ...row.detail, happened_at: String(clock.now()) } });
  }

  /** True for the first of that name in this minute, which counts as `first`. */
  function count(of: Refused, name: string, entry: () => AuditEntry, first = 1): boolean {
    const room = refusals[of];
    const counted = room.get(name);
    const now = clock.now();
    if (counted !== undefined) {
      // The first may have had a row of its own.
      if (counted.count === 0) counted.first = now;
      counted.last = now;
      counted.count += 1;
    } else if (room.size < MAX_COUNTED) room.set(name, { entry: entry(), first: now, last: now, count: first });
    else uncounted += 1;
    return counted === undefined && room.has(name);
  }

  function writeLogins(): void {
    const rows = logins;
    logins = [];
    write(rows);
  }

  function writeRefusals(): void {
    const counted = [...refusals.requests.values(), ...refusals.logins.values()];
    refusals = noRefusals();
    loginsRefused = new Map();
    const missed = uncounted;
    uncounted = 0;
    const missing = missed === 0 ? {} : { uncounted_in_this_minute: missed };
    write(
      counted
        .filter(({ count }) => count > 0)
        .map(({ entry, first, last, count }) => ({
          ...entry,
          detail: { ...entry.detail, count, first_at: String(first), last_at: String(last), ...missing },
        })),
    );
  }

  function write(rows: readonly AuditEntry[]): void {
    if (rows.length === 0) return;
    underWay += rows.length;
    writing = writing.then(() => writeInBatches(rows));
  }

  async function writeInBatches(rows: readonly AuditEntry[]): Promise<void> {
    for (let from = 0; from < rows.length; from += BATCH_ROWS) {
      if (from > 0) await nextTurn();
      const batch = rows.slice(from, from + BATCH_ROWS);
      await deps.store.appendAudit(batch).then(
        () => {
          written += batch.length;
          failing = false;
        },
        (error: unknown) => {
          lost += batch.length;
          failing = true;
          deps.onFailure(error, batch.length);
        },
      );
      underWay -= batch.length;
    }
  }
}

const noRefusals = (): Readonly<Record<Refused, Map<string, Counted>>> => ({ requests: new Map(), logins: new Map() });

const entryOf = (
  action: AuditEntry['action'],
  credential: CredentialRef,
  origin: RequestOrigin,
  detail: Readonly<Record<string, unknown>>,
): AuditEntry => ({
  account: credential.account,
  action,
  actor: actorOf(credential),
  subject: credentialSubject(credential),
  requestId: origin.requestId,
  clientIp: origin.clientIpText,
  detail,
});
