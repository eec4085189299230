// Where focus goes when the button that had it is gone: pressed, it did what it was there for.
import { type RefObject, useLayoutEffect, useRef } from 'react';

/** For that button: where it goes with focus, the h1 of the page has it then, unless something else took it meanwhile. Nothing scrolls. */
export function useFocusLeft(): RefObject<HTMLButtonElement | null> {
  const button = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => {
    const held = button.current;
    return () => {
      if (held === null || held !== document.activeElement) return;
      // It is in the document still.
      queueMicrotask(() => {
        if (document.activeElement !== document.body) return;
        document.querySelector<HTMLElement>('main h1')?.focus({ preventScroll: true });
      });
    };
  }, []);
  return button;
}
