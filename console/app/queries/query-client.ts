// What the pages have read of the server. No secret is in here: whatever makes one goes by useWrite, whose result nobody caches.
import { focusManager, type Query, QueryCache, QueryClient } from '@tanstack/react-query';
import { CountersignError } from '../../../src/client/errors.ts';
import { hearTabs, tellTabs } from '../channel.ts';

type Hear = (query: Pick<Query<unknown, unknown, unknown>, 'queryKey'>, error: unknown) => void;

const hearing = new Set<Hear>();

/** Hears what every query came to; `error` is undefined where it was answered. */
export function onAnswers(hear: Hear): void {
  hearing.add(hear);
}

const isRateLimited = (error: unknown): error is CountersignError =>
  error instanceof CountersignError && error.status === 429;

export const queryClient = new QueryClient({
  queryCache: new QueryCache({
    onSuccess: (_, { queryKey }) => {
      for (const hear of hearing) hear({ queryKey }, undefined);
    },
    onError: (error, { queryKey }) => {
      for (const hear of hearing) hear({ queryKey }, error);
    },
  }),
  defaultOptions: {
    queries: {
      // The client repeats what may be repeated, but waits only so long.
      retry: (failures, error) => failures < 3 && isRateLimited(error),
      retryDelay: (_, error) => (isRateLimited(error) ? (error.retryAfterSeconds ?? 1) * 1000 : 0),
      // A server on this machine is there without a network: whether it answers is seen by asking.
      networkMode: 'always',
      staleTime: 10_000,
      structuralSharing: false,
    },
    mutations: { retry: false, networkMode: 'always', gcTime: 0 },
  },
});

/** What changes when a key does. */
const ofKeys: readonly string[] = ['self', 'tokens', 'subkeys', 'devices', 'usage', 'activity'];

const readAnew = (): Promise<void> =>
  queryClient.invalidateQueries({ predicate: ({ queryKey: [first] }) => ofKeys.includes(String(first)) });

/** Lists are read anew here and in the other tabs. */
export async function keysChanged(): Promise<void> {
  tellTabs('keys changed');
  await readAnew();
}

/** Lists follow the other tabs. The result stops it. */
export const followTabs = (): (() => void) =>
  hearTabs('keys changed', () => {
    readAnew().catch(() => undefined);
  });

export function forgetEverything(): void {
  queryClient.cancelQueries().catch(() => undefined);
  queryClient.removeQueries({ predicate: ({ queryKey: [first] }) => first !== 'about' });
  queryClient.getMutationCache().clear();
}

/** While nobody is there nothing is read again: it would wait for a session that only a person begins. */
export const pauseReading = (isPaused: boolean): void => focusManager.setFocused(isPaused ? false : undefined);
