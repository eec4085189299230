// Where focus goes when a dialog closes.
import { useState } from 'react';

/** Gives the element that had focus when the dialog opened, or the page's h1 where that one is gone. */
export function useOpener(open: boolean): () => HTMLElement | true {
  const [was, setWas] = useState(false);
  const [opener, setOpener] = useState<Element | null>(null);
  if (open !== was) {
    setWas(open);
    if (open) setOpener(document.activeElement);
  }
  return () => {
    if (opener instanceof HTMLElement && opener.isConnected && opener !== document.body) return opener;
    return document.querySelector<HTMLElement>('main h1') ?? true;
  };
}
