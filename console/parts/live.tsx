// A status message: it is read out when its words change.
import { type ReactNode, useSyncExternalStore } from 'react';
import { announced, onAnnouncement } from './announcement.ts';
import { VisuallyHidden } from './visually-hidden.tsx';

/** Stands there from the beginning, empty at first: what comes with its words is not read out. */
export function Live({ children }: { children?: ReactNode }) {
  return <span role="status">{children}</span>;
}

/** Once in the document. */
export function Announcer() {
  const text = useSyncExternalStore(onAnnouncement, announced);
  return (
    <VisuallyHidden>
      <span role="status" aria-live="polite">
        {text}
      </span>
    </VisuallyHidden>
  );
}
