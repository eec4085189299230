// The keys of the account, as read: lists 100 at a time, and one by its id.
import { infiniteQueryOptions, type QueryClient, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { type Client, CountersignError, type Page } from '../../../src/client/main.ts';
import { nowMs } from '../../words/now.ts';
import { toNs } from '../../words/times.ts';
import { queryClient } from '../queries/query-client.ts';
import { useSignedIn } from '../session/session.tsx';
import { type KeyKind, type ListedKey, ofSubkey, ofToken } from './listed-key.ts';

const PAGE = 100;

export interface KeyList {
  /** Undefined until the first answer. */
  readonly keys: readonly ListedKey[] | undefined;
  /** Of the last time that it was read; what was there before stays. */
  readonly error: unknown;
  readonly hasMore: boolean;
  readonly isReadingMore: boolean;
  readonly isReading: boolean;
  more(): void;
  again(): void;
}

export const listOf = { token: 'tokens', subkey: 'subkeys' } as const satisfies Readonly<Record<KeyKind, string>>;

const listQuery = (client: Client, kind: KeyKind, ended: boolean) =>
  infiniteQueryOptions({
    queryKey: [listOf[kind], 'list', { ended }],
    queryFn: ({ pageParam, signal }) => readKeys(client, kind, { ended, limit: PAGE, signal }, pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: ({ next }) => next,
  });

/** Before there is a page that shows them. What fails is told by the page, which asks again. */
export function readKeysAhead(client: Client): void {
  for (const kind of ['token', 'subkey'] as const)
    queryClient.prefetchInfiniteQuery(listQuery(client, kind, false)).catch(() => undefined);
}

/** `ended`: revoked and expired ones too. */
export function useKeys(
  kind: KeyKind,
  { ended, isAsked = true }: { readonly ended: boolean; readonly isAsked?: boolean },
): KeyList {
  const { client } = useSignedIn();
  const query = useInfiniteQuery({ ...listQuery(client, kind, ended), enabled: isAsked });
  const { data, error, hasNextPage, isFetchingNextPage, isFetching } = query;
  const keys = useMemo(() => data?.pages.flatMap(({ results }) => results), [data]);
  return {
    keys,
    error: error ?? undefined,
    hasMore: hasNextPage,
    isReadingMore: isFetchingNextPage,
    isReading: isFetching,
    more: () => void query.fetchNextPage(),
    again: () => void query.refetch(),
  };
}

/** One page, the first that were made first. */
export async function readKeys(
  client: Client,
  kind: KeyKind,
  options: { readonly ended: boolean; readonly limit: number; readonly signal: AbortSignal },
  cursor: string | null,
): Promise<Page<ListedKey>> {
  if (kind === 'subkey') {
    const { results, next } = await client.subkeys.list(options).page(cursor);
    return { results: results.map(ofSubkey), next };
  }
  const { results, next } = await client.tokens.list(options).page(cursor);
  return { results: results.map((token) => ofToken(token, toNs(nowMs()))), next };
}

export async function readKey(client: Client, kind: KeyKind, id: string, signal?: AbortSignal): Promise<ListedKey> {
  if (kind === 'subkey') return ofSubkey(await client.subkeys.get(id, { signal }));
  return ofToken(await client.tokens.get(id, { signal }), toNs(nowMs()));
}

export interface OneKey {
  /** Undefined until the first answer, and where there is none. */
  readonly key: ListedKey | undefined;
  /** The account has no such key. */
  readonly isUnknown: boolean;
  readonly error: unknown;
  again(): void;
}

const oneKey = (kind: KeyKind, id: string) => [listOf[kind], 'one', id] as const;

export function useKey(kind: KeyKind, id: string, { isAsked = true }: { readonly isAsked?: boolean } = {}): OneKey {
  const { client } = useSignedIn();
  const { data, error, refetch } = useQuery({
    queryKey: oneKey(kind, id),
    queryFn: ({ signal }) => readKey(client, kind, id, signal),
    enabled: isAsked,
  });
  // What is no id is refused as such, and is no key either.
  const isUnknown = error instanceof CountersignError && [400, 404].includes(error.status);
  return { key: isUnknown ? undefined : data, isUnknown, error: error ?? undefined, again: () => void refetch() };
}

/** What an answer said of a key stands on its page at once. */
export const putKey = (queries: QueryClient, key: ListedKey): void =>
  void queries.setQueryData(oneKey(key.kind, key.id), key);

/** Requests of a key on this day (UTC) that were let through or failed here; undefined while it cannot be told. */
export function useRequestsToday(row: string, isAsked: boolean): number | undefined {
  const { client } = useSignedIn();
  return useQuery({
    queryKey: ['usage', 'today', row],
    queryFn: async ({ signal }) => {
      const { results } = await client.usage.list({ credential: row, from: new Date(), limit: 2, signal }).page();
      return results.reduce((sum, { allowed, limited, failed }) => sum + allowed + limited + failed, 0);
    },
    enabled: isAsked,
    staleTime: 0,
  }).data;
}
