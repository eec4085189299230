// One line of the log for each request that went to the venue: whose it was, who signed its orders, how it ended. A line holds words
// of ours, ids, hashes and addresses, never a client's text. Lines are bounded a minute, and give way to the rest of the log.
import type { Logger } from 'pino';
import { type AccountId, actorOf, NO_ACCOUNT } from '../domain/credential.ts';
import { feltOf } from '../domain/felt.ts';
import type { SignedBy } from '../domain/signed-by.ts';
import type { Outcome } from '../gateway/exchange.ts';
import type { Counters } from './counters.ts';
import { type AboutRequest, reasonOf, told } from './telemetry.ts';

/** Setting log.requests. */
export type RequestsLogged = 'changes' | 'all' | 'off';

export interface ForwardedRequest extends AboutRequest {
  readonly outcome: Outcome;
  /** Of the answer that the client was given, whole or begun; undefined when none began. */
  readonly status: number | undefined;
  /** From its arrival to its end. */
  readonly ms: number;
  /** Of the orders that were checked and left; undefined when there were none. */
  readonly signed: readonly SignedBy[] | undefined;
}

export interface RequestLines {
  /** Whether requests of this method have a line. */
  covers(method: string): boolean;
  /** Writes the line, or counts it as dropped. Call it once, when the exchange is over. */
  tell(request: ForwardedRequest): void;
  /** Tells now what was dropped since it was last told. */
  flush(): void;
}

export interface RequestLinesOptions {
  readonly log: Logger;
  readonly counters: Pick<Counters, 'requestLines'>;
  readonly requests: RequestsLogged;
  /** Lines in any minute at most. Half of them are for accounts that had less than a hundredth of them in it. */
  readonly perMinute: number;
  /** False: the log is behind, and what room it has is for other lines. */
  readonly hasRoom: () => boolean;
}

const MINUTE_MS = 60_000;
/** Accounts named in the line about dropped lines. */
const MAX_NAMED = 20;

export function createRequestLines({ log, counters, requests, perMinute, hasRoom }: RequestLinesOptions): RequestLines {
  const isOff = requests === 'off' || !log.isLevelEnabled('info');
  let began = Number.NEGATIVE_INFINITY;
  let written = 0;
  /** Cleared each minute; never more accounts than lines in it. */
  const writtenOf = new Map<AccountId, number>();
  let dropped = 0;
  const droppedOf = new Map<AccountId, number>();
  let timer: NodeJS.Timeout | undefined;

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    if (dropped === 0) return;
    const accounts = [...droppedOf].map(([account, count]) => ({ account, count }));
    log.warn({ event: 'forwarded_lines_dropped', count: dropped, accounts });
    dropped = 0;
    droppedOf.clear();
  }

  function drop(account: AccountId, why: 'too_many' | 'log_behind'): void {
    counters.requestLines.add(why);
    dropped += 1;
    const count = droppedOf.get(account);
    if (count !== undefined || droppedOf.size < MAX_NAMED) droppedOf.set(account, (count ?? 0) + 1);
    timer ??= setTimeout(flush, MINUTE_MS).unref();
  }

  return {
    covers: (method) => !isOff && (requests === 'all' || method !== 'GET'),

    tell(request) {
      const now = performance.now();
      if (now - began >= MINUTE_MS) {
        began = now;
        written = 0;
        writtenOf.clear();
      }
      const account = request.principal?.credential.account ?? NO_ACCOUNT;
      const own = writtenOf.get(account) ?? 0;
      if (written >= perMinute || (written >= perMinute / 2 && own >= perMinute / 100)) drop(account, 'too_many');
      else if (!hasRoom()) drop(account, 'log_behind');
      else {
        written += 1;
        writtenOf.set(account, own + 1);
        counters.requestLines.add('written');
        log.info(membersOf(request));
      }
    },

    flush,
  };
}

function membersOf(request: ForwardedRequest): Readonly<Record<string, unknown>> {
  const { outcome, status, ms, signed } = request;
  return {
    event: 'forwarded',
    ...told(request),
    outcome: outcome.kind,
    reason: reasonOf(outcome),
    status,
    ms: Math.round(ms * 10) / 10,
    ...(signed === undefined ? {} : { orders: signed.length, signed: bySigner(signed) }),
  };
}

/** A list of orders mostly has one signer. */
function bySigner(signed: readonly SignedBy[]) {
  const hashesOf = new Map<SignedBy['publicKey'], string[]>();
  const signers: { signer: string; credential: string; hashes: readonly string[] }[] = [];
  for (const { publicKey, credential, hash } of signed) {
    let hashes = hashesOf.get(publicKey);
    if (hashes === undefined) {
      hashes = [];
      hashesOf.set(publicKey, hashes);
      signers.push({ signer: publicKey, credential: actorOf(credential), hashes });
    }
    hashes.push(feltOf(hash));
  }
  return signers;
}
