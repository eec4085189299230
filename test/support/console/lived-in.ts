// An account that has been in use for weeks: keys of all states, from several addresses, with requests that were let through and refused.
import { setTimeout } from 'node:timers/promises';
import type { ConsoleOwner } from './owners.ts';

export interface MovedClock {
  /** For startService. */
  readonly time: { wall(): bigint; monotonic(): number };
  /** This many days before now; 0: now. */
  setDaysAgo(days: number): void;
  /** For clients: their clock goes with the server's. */
  readonly now: () => number;
  readonly monotonic: () => number;
}

const DAY_MS = 86_400_000;

/** A server's clock that can be in the past, and comes back before a page is opened. */
export function movedClock(): MovedClock {
  let behindMs = 0;
  const now = () => Date.now() - behindMs;
  return {
    time: { wall: () => BigInt(now()) * 1_000_000n, monotonic: now },
    setDaysAgo(days) {
      behindMs = days * DAY_MS;
    },
    now,
    monotonic: now,
  };
}

/** The server believes X-Forwarded-For: where requests come from is ours to say. */
export const livedInSettings = { 'proxy.trusted': '127.0.0.1', 'rate_limit.enabled': 'false' } as const;

export interface LivedIn {
  /** Bearers by the names of the read-only keys. */
  readonly tokens: ReadonlyMap<string, string>;
  /** Request ids of refusals, by the name of the key. */
  readonly refused: ReadonlyMap<string, string>;
}

const OFFICE = '203.0.113.0/24';
const DATA_CENTRE = '2001:db8:77::/48';

const refusals = async ({ client }: ConsoleOwner) =>
  (await client.activity.list({ outcome: 'refusals' }).page()).results;

/** Makes the keys, then has them used. The clock stands at now when it resolves. */
export async function liveIn(url: string, owner: ConsoleOwner, clock?: MovedClock): Promise<LivedIn> {
  const { tokens, subkeys } = owner.client;
  const made = new Map<string, string>();
  const refused = new Map<string, string>();
  const days = 86_400;

  async function token(name: string, forSeconds: number, allowed: readonly string[] = []): Promise<string> {
    const { value } = await tokens.create({ name, expiry_duration: forSeconds, allowed_cidrs: allowed });
    made.set(name, value.token);
    return value.api_token.lookup_id;
  }
  /** A request as the program that holds the key sends it. */
  async function use(name: string, path: string, from: string, method = 'GET'): Promise<void> {
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: { Authorization: `Bearer ${made.get(name)}`, 'X-Forwarded-For': from },
    });
    await answer.arrayBuffer();
    const id = answer.headers.get('countersign-request-id');
    if (!answer.ok && id !== null) refused.set(name, id);
  }

  clock?.setDaysAgo(21);
  await token('dashboard', 45 * days, [OFFICE]);
  await token('grafana', 60 * days, [OFFICE, '198.51.100.20/32']);
  const old = await token('old laptop', 332 * days);
  await token('tax export', 24 * days);
  await token('backtest', 14 * days);
  const left = await token('contractor', 30 * days);
  await subkeys.create({ name: 'market maker 1', expires_in: 90 * days, allowed_cidrs: [OFFICE, DATA_CENTRE] });
  await subkeys.create({ name: 'hedger', expires_in: 180 * days, allowed_cidrs: [DATA_CENTRE] });

  // One at a time: rows of the activity stand in this order.
  for (const [ago, busy] of [
    [9, 4],
    [6, 9],
    [4, 2],
    [2, 7],
    [1, 5],
    [0, 6],
  ] as const) {
    clock?.setDaysAgo(ago);
    for (let i = 0; i < busy; i += 1) {
      await use('dashboard', '/v1/account', '203.0.113.7');
      await use('grafana', '/v1/positions', '198.51.100.20');
    }
    await use('tax export', '/v1/fills', '192.0.2.44');
    if (ago === 4) await tokens.revoke(left);
    if (ago === 2) await tokens.rename(old, 'old laptop');
    if (ago < 3) await use('dashboard', '/v1/account', '192.0.2.200');
  }
  clock?.setDaysAgo(0);
  await use('grafana', '/v1/orders', '198.51.100.20', 'POST');
  await use('backtest', '/v1/account', '192.0.2.44');
  // Refusals are written together, a moment later; a page that is opened before shows none.
  while ((await refusals(owner)).length === 0) await setTimeout(100);
  return { tokens: made, refused };
}
