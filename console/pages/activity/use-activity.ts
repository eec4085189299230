// The rows of the activity: what was read stays as it was, and what is newer waits to be asked for.
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { ActivityRow, Client } from '../../../src/client/main.ts';
import { useSignedIn } from '../../app/session/session.tsx';
import { nowMs } from '../../words/now.ts';
import { askedOf, type Filters, searchOf } from './filters.ts';
import { entriesOf } from './row-groups.ts';

const PAGE_ROWS = 50;
/** Pages of one reading: with a filter the server may send empty ones. */
const MOST_PAGES = 10;
const LOOK_EVERY_MS = 10_000;

interface Read {
  readonly rows: readonly ActivityRow[];
  readonly next: string | null;
}

const isOfDevices = ({ actor, subject }: ActivityRow): boolean => actor.kind === 'device' || subject.kind === 'device';

export function useActivity(filters: Filters) {
  const { client, kind } = useSignedIn();
  const [since, setSince] = useState(nowMs);
  const search = searchOf(filters);

  async function read(cursor: string | null, signal: AbortSignal, limit = PAGE_ROWS): Promise<Read> {
    const isWanted = filters.key === 'devices' ? isOfDevices : () => true;
    const list = client.activity.list({ ...askedOf(filters, kind, since), limit, signal });
    return readSome(list, cursor, isWanted);
  }

  const shown = useInfiniteQuery({
    queryKey: ['activity-shown', search, since],
    queryFn: ({ pageParam, signal }) => read(pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: ({ next }) => next,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    placeholderData: keepPreviousData,
    refetchOnReconnect: false,
    refetchOnWindowFocus: false,
  });
  const rows = shown.data?.pages.flatMap((page) => page.rows);
  const newest = useQuery({
    queryKey: ['activity', 'newest', search, since],
    queryFn: ({ signal }) => read(null, signal),
    enabled: shown.isSuccess && !shown.isPlaceholderData,
    refetchInterval: LOOK_EVERY_MS,
    gcTime: 0,
  });

  const isEmpty = rows?.length === 0;
  const newer = newRows(rows, newest.data?.rows);
  // Where nothing is read, nothing can be pushed away.
  useEffect(() => {
    if (isEmpty && newer > 0) setSince(nowMs());
  }, [isEmpty, newer]);

  return {
    entries: rows === undefined ? undefined : entriesOf(rows),
    error: shown.error,
    /** Those of other filters, while these are read. */
    isOld: shown.isPlaceholderData,
    isReading: shown.isFetching,
    hasOlder: shown.hasNextPage,
    isReadingOlder: shown.isFetchingNextPage,
    readOlder: () => void shown.fetchNextPage(),
    readAgain: () => void shown.refetch(),
    waiting: isEmpty ? 0 : newer,
    showWaiting: () => setSince(nowMs()),
  };
}

/** Of a page with a cursor of its own: until there are entries enough, or the end. */
async function readSome(
  list: ReturnType<Client['activity']['list']>,
  first: string | null,
  isWanted: (row: ActivityRow) => boolean,
): Promise<Read> {
  const rows: ActivityRow[] = [];
  let cursor = first;
  for (let pages = 0; pages < MOST_PAGES; pages += 1) {
    const { results, next } = await list.page(cursor);
    rows.push(...results.filter(isWanted));
    cursor = next;
    // Hundreds of sign-ins may be one entry.
    if (next === null || entriesOf(rows).length >= PAGE_ROWS / 2) break;
  }
  return { rows, next: cursor };
}

function newRows(shown: readonly ActivityRow[] | undefined, newest: readonly ActivityRow[] | undefined): number {
  if (shown === undefined || newest === undefined) return 0;
  const last = shown.reduce((max, { id }) => (id > max ? id : max), -1n);
  return entriesOf(newest.filter(({ id }) => id > last)).length;
}
