// One timer for every time on a page that is told from now: it strikes each 30 seconds.
import { type RefObject, useEffect, useState } from 'react';
import { nowMs, onClockRight } from '../words/now.ts';

const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function onStrike(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    for (const each of listeners) each();
  }, 30_000);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** Now, Unix ms, read anew each 30 seconds but never while `element` has focus: its words would change under the reader. */
export function useNow(element?: RefObject<HTMLElement | null>): number {
  const [now, setNow] = useState(nowMs);
  useEffect(
    () =>
      onStrike(() => {
        if (element?.current == null || element.current !== document.activeElement) setNow(nowMs());
      }),
    [element],
  );
  useEffect(() => onClockRight(() => setNow(nowMs())), []);
  return now;
}
