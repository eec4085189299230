// Log lines that say the same: the first is written at once, the others become one line a minute with their count and some request
// ids. So neither a stranger nor a failure of ours can fill the log. Memory is bounded.
import { parseIp } from '../domain/allowlist.ts';
import { rateKeys } from '../ratelimit/rate-keys.ts';

type Members = Readonly<Record<string, unknown>>;

export interface Repeats {
  /** True: write the line. False: it was counted. `level` is pino's number, `line` the members or the text. */
  isFirst(level: number, line: unknown): boolean;
  /** Writes the counts now instead of at the end of the minute. */
  flush(): void;
}

const MINUTE_MS = 60_000;
/** Distinct lines in a minute: of a pool, and of one cause in it. */
const MAX_KINDS = 1_000;
const MAX_KINDS_PER_CAUSE = 100;
/** Request ids in a line about others: a caller finds the cause by the id that it was given. */
export const MAX_REQUEST_IDS = 20;
/** How much of an error's text, and of its causes, tells lines apart. */
const MAX_TEXT = 200;
const MAX_CAUSES = 2;
const INFO_LEVEL = 30;
const ERROR_LEVEL = 50;

/** Strangers, proven credentials and failures of ours are counted in pools of their own: none hides another. */
type PoolName = 'strangers' | 'credentials' | 'ours';

interface Kind {
  readonly level: number;
  /** The members its lines share; where they differ, those of the first line. */
  readonly members: Members;
  count: number;
  /** Of the first counted lines. */
  readonly requestIds: string[];
}

/** Lines beyond the bounds: of one cause, or of all further causes. */
interface Others {
  readonly members: Members;
  readonly counts: Map<string, number>;
  readonly requestIds: string[];
}

interface Pool {
  readonly kinds: Map<string, Kind>;
  readonly kindsOf: Map<string, number>;
  readonly others: Map<string, Others>;
}

/** `tell` writes a line about others, which must bypass this. */
export function createRepeats(tell: (level: number, members: Members) => void): Repeats {
  let pools = emptyPools();
  let timer: NodeJS.Timeout | undefined;

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    const all = Object.values(pools);
    pools = emptyPools();
    for (const { kinds, others } of all) {
      for (const { level, members, count, requestIds } of kinds.values()) {
        if (count > 0) tell(level, { ...members, count, ...named(requestIds) });
      }
      for (const { members, counts, requestIds } of others.values()) {
        tell(INFO_LEVEL, { event: 'others', ...members, counts: Object.fromEntries(counts), ...named(requestIds) });
      }
    }
  }

  return {
    isFirst(level, line) {
      if (isBoundedElsewhere(line)) return true;
      timer ??= setTimeout(flush, MINUTE_MS).unref();
      const { pool, cause, name, members, causeMembers } = described(level, line);
      const { kinds, kindsOf, others } = pools[pool];
      const kind = kinds.get(name);
      if (kind !== undefined) {
        kind.count += 1;
        keepRequestId(kind.requestIds, line);
        return false;
      }
      const ofCause = kindsOf.get(cause) ?? 0;
      if (ofCause < MAX_KINDS_PER_CAUSE && kinds.size < MAX_KINDS) {
        kinds.set(name, { level, members, count: 0, requestIds: [] });
        kindsOf.set(cause, ofCause + 1);
        return true;
      }
      // Only causes with kinds get a line of their own, which bounds their number too.
      const place = ofCause === 0 ? '' : cause;
      const other = others.get(place) ?? {
        members: ofCause === 0 ? {} : causeMembers,
        counts: new Map(),
        requestIds: [],
      };
      others.set(place, other);
      keepRequestId(other.requestIds, line);
      const event = textOf(members.event);
      other.counts.set(event, (other.counts.get(event) ?? 0) + 1);
      return false;
    },
    flush,
  };
}

/** Each says something of its own, and their number is bounded where they are made (request-lines.ts). */
const boundedElsewhere: ReadonlySet<unknown> = new Set(['forwarded', 'forwarded_lines_dropped']);

const isBoundedElsewhere = (line: unknown): boolean =>
  typeof line === 'object' && line !== null && 'event' in line && boundedElsewhere.has(line.event);

function keepRequestId(kept: string[], line: unknown): void {
  if (kept.length >= MAX_REQUEST_IDS || typeof line !== 'object' || line === null || !('requestId' in line)) return;
  if (typeof line.requestId === 'string') kept.push(line.requestId);
}

const named = (requestIds: readonly string[]): Members => (requestIds.length === 0 ? {} : { requestIds });

const emptyPool = (): Pool => ({ kinds: new Map(), kindsOf: new Map(), others: new Map() });
const emptyPools = (): Readonly<Record<PoolName, Pool>> => ({
  strangers: emptyPool(),
  credentials: emptyPool(),
  ours: emptyPool(),
});

interface Described {
  readonly pool: PoolName;
  readonly cause: string;
  readonly causeMembers: Members;
  /** Equal for lines that say the same. */
  readonly name: string;
  readonly members: Members;
}

function described(level: number, line: unknown): Described {
  if (typeof line !== 'object' || line === null) return ofOurs(level, { event: 'text' }, bounded(String(line)));
  if (line instanceof Error) return ofOurs(level, { event: 'error' }, errorText(line));
  const { event, reason, outcome, clientIp, account, credential, route, err }: Members = { ...line };
  const what = { event, reason, outcome };
  const said = [level, event, reason, outcome].join(' ');
  if (level >= ERROR_LEVEL || typeof clientIp !== 'string') {
    const who = account === undefined ? {} : { account, credential };
    const text = [said, account, credential, errorText(err)].join(' ');
    return ofOurs(level, { ...what, ...who }, text);
  }
  const { narrow, wide } = rateKeys(clientIp.includes(':') ? parseIp(clientIp) : undefined);
  const [client, network] = clientIp.includes(':') ? [narrow, wide ?? narrow] : [clientIp, clientIp];
  if (account === undefined) {
    const causeMembers = { clientIp };
    const members = { ...what, clientIp };
    return { pool: 'strangers', cause: network, causeMembers, name: `${said} ${client}`, members };
  }
  const name = [said, client, account, credential, route].join(' ');
  const members = { ...what, route, clientIp, account, credential };
  return { pool: 'credentials', cause: String(account), causeMembers: { account }, name, members };
}

const ofOurs = (level: number, members: Members, text: string): Described => ({
  pool: 'ours',
  // By event and reason: a defect in one place must not hide a failing store.
  cause: `${textOf(members.event)} ${textOf(members.reason)}`,
  causeMembers: {},
  name: `${level} ${text}`,
  members,
});

function errorText(error: unknown, causes = MAX_CAUSES): string {
  if (!(error instanceof Error)) return bounded(String(error));
  const text = `${error.name} ${'code' in error ? String(error.code) : ''} ${bounded(error.message)}`;
  return error.cause === undefined || causes === 0 ? text : `${text} ${errorText(error.cause, causes - 1)}`;
}

const bounded = (text: string): string => text.slice(0, MAX_TEXT);
const textOf = (value: unknown): string => (typeof value === 'string' ? value : 'none');
