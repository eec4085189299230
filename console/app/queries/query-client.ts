// What the pages have read of the server. No secret is in here: whatever makes one goes by useWrite, whose result nobody caches.
import { focusManager, QueryClient } from '@tanstack/react-query';
import { hearTabs, tellTabs } from '../channel.ts';

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // The client repeats what may be repeated.
      retry: false,
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
