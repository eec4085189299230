// Where focus goes when a dialog closes, or the last of several that followed each other.
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

/** For what is done in several dialogs, one after another: called when the last one is gone, it gives focus back to what opened the first. */
export function useReturn(open: boolean): () => void {
  const opener = useOpener(open);
  return () => {
    setTimeout(() => {
      const to = opener();
      if (to !== true) to.focus();
    });
  };
}
