// What happened to one key: how it was made and ended, and its last rows.
import { useQuery } from '@tanstack/react-query';
import type { ActivityRow, Client } from '../../../src/client/main.ts';
import { endingActions, endingOfAll } from '../../words/keys.ts';
import { useSignedIn } from '../session/session.tsx';
import type { ListedKey } from './listed-key.ts';

const MAKING = ['token.created', 'subkey.registered'];
const ROWS = 10;
/** A page may be empty though another follows. */
const MOST_PAGES = 5;
/** Nanoseconds between an end and its row. */
const NEAR = 2_000_000_000n;

export interface History {
  readonly made: ActivityRow | undefined;
  readonly ended: ActivityRow | undefined;
}

/** Undefined until it is known. */
export function useHistory({ row, ended }: ListedKey): History | undefined {
  const { client } = useSignedIn();
  return useQuery({
    queryKey: ['activity', 'history', row, ended !== undefined],
    queryFn: async ({ signal }) => {
      const list = client.activity.list({ credential: row, action: [...MAKING, ...endingActions], limit: 20, signal });
      const rows = await someOf(list, 20);
      const own = rows.find(({ action }) => endingActions.includes(action));
      return {
        made: rows.findLast(({ action }) => MAKING.includes(action)),
        ended: own ?? (ended?.how === 'revoked' ? await endOfAll(client, ended.at, signal) : undefined),
      };
    },
  }).data;
}

/** What ended every key of the account is a row of the account, of the moment at which this one ended. */
async function endOfAll(client: Client, at: bigint, signal: AbortSignal): Promise<ActivityRow | undefined> {
  const list = client.activity.list({ action: endingOfAll, from: at - NEAR, to: at + NEAR, limit: 1, signal });
  return (await someOf(list, 1))[0];
}

export function useLastRows(row: string) {
  const { client } = useSignedIn();
  return useQuery({
    queryKey: ['activity', 'last', row],
    queryFn: ({ signal }) => someOf(client.activity.list({ credential: row, limit: ROWS, signal }), ROWS),
    refetchInterval: 30_000,
  });
}

async function someOf(list: ReturnType<Client['activity']['list']>, most: number): Promise<readonly ActivityRow[]> {
  const rows: ActivityRow[] = [];
  let next: string | null = null;
  for (let pages = 0; pages < MOST_PAGES; pages += 1) {
    const page = await list.page(next);
    rows.push(...page.results);
    next = page.next;
    if (next === null || rows.length >= most) break;
  }
  return rows.slice(0, most);
}
