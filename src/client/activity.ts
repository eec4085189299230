// What the account's credentials did, how often and from where, and why a request of theirs was refused. Needs the main key or a device.
import type { Core } from './call.ts';
import { type CallOptions, type List, type ListOptions, listOf } from './list.ts';
import type { ActivityRow, Explanation, UsageDay, UsedAddress } from './shapes.ts';

export interface ActivityFilter extends ListOptions {
  /** `subkey:42`: kind and row id. */
  readonly credential?: string;
  readonly action?: string | readonly string[];
  readonly outcome?: 'changes' | 'logins' | 'refusals';
  /** Not before, and before. */
  readonly from?: Date | bigint;
  readonly to?: Date | bigint;
}

export interface UsageFilter extends ListOptions {
  /** `subkey:42`: kind and row id. */
  readonly credential?: string;
  /** Days in UTC, `2026-11-28` or any moment of one; default the last 30. */
  readonly from?: Date | string;
  readonly to?: Date | string;
}

export function createActivity(core: Pick<Core, 'call'>) {
  return {
    /** Newest first. */
    list({ credential, action, outcome, from, to, ...options }: ActivityFilter = {}): List<ActivityRow> {
      const actions = action === undefined || typeof action === 'string' ? action : action.join(',');
      const query = { credential, action: actions, outcome, from: nanosOf(from), to: nanosOf(to) };
      return listOf<ActivityRow>(core, '/countersign/v1/audit', query, options);
    },
  };
}

export function createUsage(core: Pick<Core, 'call'>) {
  return {
    list({ credential, from, to, ...options }: UsageFilter = {}): List<UsageDay> {
      const query = { credential, from: dayOf(from), to: dayOf(to) };
      return listOf<UsageDay>(core, '/countersign/v1/usage', query, options);
    },

    /** Where a credential was used from: the newest 50 addresses. */
    addresses({ credential, ...options }: ListOptions & { readonly credential: string }): List<UsedAddress> {
      return listOf<UsedAddress>(core, '/countersign/v1/addresses', { credential }, options);
    },
  };
}

/** Why a request was refused, by the id in its answer's header `Countersign-Request-Id`. Rejects with NOT_FOUND when nothing is kept of it. */
export const createExplain =
  (core: Pick<Core, 'call'>) =>
  async (requestId: string, options: CallOptions = {}): Promise<Explanation> => {
    const query = { request_id: requestId };
    return (await core.call<Explanation>({ ...options, method: 'GET', path: '/countersign/v1/explain', query })).body;
  };

const nanosOf = (at: Date | bigint | undefined): bigint | undefined =>
  at instanceof Date ? BigInt(at.getTime()) * 1_000_000n : at;

const dayOf = (at: Date | string | undefined): string | undefined =>
  at instanceof Date ? at.toISOString().slice(0, 10) : at;
