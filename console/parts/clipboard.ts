// The clipboard, and what became of it.
import { useEffect, useRef, useState } from 'react';

export interface Copying {
  /** For 2 seconds after the clipboard took it. */
  copied: boolean;
  /** true once the clipboard took it; false where the browser would not. */
  copy: (read: () => string | Promise<string>) => Promise<boolean>;
}

export function useCopying(): Copying {
  const [copied, setCopied] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const copy: Copying['copy'] = async (read) => {
    try {
      await navigator.clipboard.writeText(await read());
    } catch {
      return false;
    }
    setCopied(true);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setCopied(false), 2000);
    return true;
  };
  return { copied, copy };
}
