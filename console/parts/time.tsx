// A time in the reader's zone; the tooltip has all of it.
import { useRef } from 'react';
import { clock, day, exact, precise, relative, toMs, until } from '../words/times.ts';
import { useNow } from './minute.ts';
import { Tooltip } from './tooltip.tsx';

export interface TimeProps {
  /** Nanoseconds since 1970. */
  ns: bigint;
  /** relative "2 min ago", until "in 24 days", exact "28 Dec 2026, 14:03", day "28 Dec 2026", clock "14:03:07". */
  form: 'relative' | 'until' | 'exact' | 'day' | 'clock';
  /** Without the tooltip, and so without a stop of its own for Tab: within a link or a button. */
  plain?: boolean | undefined;
}

export function Time({ ns, form, plain = false }: TimeProps) {
  const element = useRef<HTMLTimeElement>(null);
  const now = useNow(element);
  const words = { relative, until, exact, day, clock };
  // A time that came with an answer may be a little later than when the clock was last read.
  const ahead = toMs(ns) - now;
  const from = form === 'relative' && ahead > 0 && ahead < 60_000 ? toMs(ns) : now;
  const text = form === 'relative' || form === 'until' ? words[form](ns, from) : words[form](ns);
  const time = (
    // The tooltip opens on focus too.
    <time ref={element} dateTime={new Date(toMs(ns)).toISOString()} tabIndex={plain ? undefined : 0}>
      {text}
    </time>
  );
  return plain ? time : <Tooltip text={precise(ns)}>{time}</Tooltip>;
}
