// All keys of one kind, for a search and an order, which are of all or say that they are not.
import { useQuery } from '@tanstack/react-query';
import type { Page } from '../../../src/client/main.ts';
import { useSignedIn } from '../session/session.tsx';
import type { KeyKind, ListedKey } from './listed-key.ts';
import { listOf, readKeys } from './use-keys.ts';

/** The most that the server gives at once. */
const PAGE = 500;
/** Ended keys may be thousands, and the server counts each page of them. */
export const MOST_KEYS = 2000;
/** A page may come short though another follows. */
const MOST_PAGES = 20;

export interface AllKeys {
  /** Undefined until the last answer. */
  readonly keys: readonly ListedKey[] | undefined;
  /** There are more than these, which are the oldest. */
  readonly isCut: boolean;
  readonly isReading: boolean;
  readonly error: unknown;
  again(): void;
}

/** `ended`: revoked and expired ones too. */
export function useAllKeys(
  kind: KeyKind,
  { ended, isAsked }: { readonly ended: boolean; readonly isAsked: boolean },
): AllKeys {
  const { client } = useSignedIn();
  const { data, error, isFetching, refetch } = useQuery({
    queryKey: [listOf[kind], 'all', { ended }],
    queryFn: async ({ signal }) => {
      const keys: ListedKey[] = [];
      let next: string | null = null;
      for (let pages = 0; pages < MOST_PAGES && keys.length < MOST_KEYS; pages += 1) {
        const page: Page<ListedKey> = await readKeys(client, kind, { ended, limit: PAGE, signal }, next);
        keys.push(...page.results);
        next = page.next;
        if (next === null) break;
      }
      return { keys, isCut: next !== null };
    },
    enabled: isAsked,
  });
  return {
    keys: data?.keys,
    isCut: data?.isCut ?? false,
    isReading: isFetching,
    error: error ?? undefined,
    again: () => void refetch(),
  };
}
