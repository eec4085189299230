// How wide the window is, in the three layouts that the style sheets have.
import { useSyncExternalStore } from 'react';

export type Width = 'phone' | 'middle' | 'wide';

const wide = matchMedia('(min-width: 1024px)');
const phone = matchMedia('(max-width: 767px)');

function subscribe(tell: () => void): () => void {
  wide.addEventListener('change', tell);
  phone.addEventListener('change', tell);
  return () => {
    wide.removeEventListener('change', tell);
    phone.removeEventListener('change', tell);
  };
}

export const useWidth = (): Width =>
  useSyncExternalStore(subscribe, () => (wide.matches ? 'wide' : phone.matches ? 'phone' : 'middle'));
