// Which rows of a list have just changed their state, whoever changed it: each is marked for a moment.
import { useEffect, useRef, useState } from 'react';

/** As long as `--fade`. */
const MARKED_MS = 1200;
const none: ReadonlySet<string> = new Set();

/** `states`: of the rows that are shown, by their ids. Rows that come or go have not changed. */
export function useChangedRows(states: ReadonlyMap<string, string>): ReadonlySet<string> {
  const [changed, setChanged] = useState(none);
  const last = useRef(states);
  useEffect(() => {
    const before = last.current;
    last.current = states;
    const ids = [...states].filter(([id, state]) => (before.get(id) ?? state) !== state).map(([id]) => id);
    if (ids.length === 0) return;
    setChanged((old) => new Set([...old, ...ids]));
    // Not cleared by the next change: each mark goes at its own time.
    setTimeout(() => setChanged((old) => new Set([...old].filter((id) => !ids.includes(id)))), MARKED_MS);
  }, [states]);
  return changed;
}
