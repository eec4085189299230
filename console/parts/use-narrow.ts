// Whether the page is as narrow as a phone: tables are lists there.
import { useSyncExternalStore } from 'react';

const query = window.matchMedia('(max-width: 767px)');

function subscribe(tell: () => void): () => void {
  query.addEventListener('change', tell);
  return () => query.removeEventListener('change', tell);
}

export const useNarrow = (): boolean => useSyncExternalStore(subscribe, () => query.matches);
