// Which lines of the log are written and which are only counted: of lines that say the same the first is written at once, the others
// are one line a minute, with the request ids of some. So nobody fills the log, a stranger as little as a failure of ours. It must
// never hold more than its bounds.
import { parseIp } from '../domain/allowlist.ts';
import { rateKeys } from '../ratelimit/rate-keys.ts';

type Members = Readonly<Record<string, unknown>>;

export interface Repeats {
  /** Whether a line is to be written; if not, it has been counted. `level` is pino's number, `line` its members or its text. */
  isFirst(level: number, line: unknown): boolean;
  /** Tells what was counted, now rather than at the end of the minute. */
  flush(): void;
}

const MINUTE_MS = 60_000;
/** Lines that are told apart in a minute: in a pool, and of one cause in it. */
const MAX_KINDS = 1_000;
const MAX_KINDS_PER_CAUSE = 100;
/** Request ids that a line about others names: a caller who was given one finds the cause by it. */
export const MAX_REQUEST_IDS = 20;
/** What counts of the text of an error, and of its causes. */
const MAX_TEXT = 200;
const MAX_CAUSES = 2;
const INFO_LEVEL = 30;
const ERROR_LEVEL = 50;

/** Strangers, proven credentials and failures of ours have rooms of their own: none hides another. */
type PoolName = 'strangers' | 'credentials' | 'ours';

interface Kind {
  readonly level: number;
  /** What its lines have in common; of the first line where they differ. */
  readonly members: Members;
  count: number;
  /** Of the lines that were counted, the first ones. */
  readonly requestIds: string[];
}

/** Lines beyond the bounds, of one cause or of all further ones. */
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

/** `tell` writes a line about others; it must not come back here. */
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
      // Only a cause that has kinds has a line of its own, so that there are not more of these either.
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
  /** The same for lines that say the same. */
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
  // A defect in one place must not hide a store that fails.
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
