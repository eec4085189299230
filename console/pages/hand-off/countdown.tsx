// How long a code is still good: a ring, words, and a voice at 60, 30 and 10 seconds.
import { useEffect, useState } from 'react';
import { Live } from '../../parts/live.tsx';
import { VisuallyHidden } from '../../parts/visually-hidden.tsx';
import { lastReadOut } from '../../words/countdown.ts';
import css from './countdown.module.css';

/** Seconds that are left of `seconds`, by a clock that nobody can set. */
export function useCountdown(seconds: number): number {
  const [began] = useState(() => performance.now());
  const [left, setLeft] = useState(seconds);
  useEffect(() => {
    const look = () => setLeft(Math.max(0, Math.ceil(seconds - (performance.now() - began) / 1000)));
    const timer = setInterval(look, 250);
    return () => clearInterval(timer);
  }, [began, seconds]);
  return left;
}

const leftWords = (left: number): string => `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')} left`;

export function Countdown({ left, seconds }: { left: number; seconds: number }) {
  const told = lastReadOut(left);
  return (
    <p className={css.countdown}>
      <svg className={css.ring} width={18} height={18} viewBox="0 0 18 18" aria-hidden="true" focusable="false">
        <circle cx={9} cy={9} r={7.5} className={css.track} />
        <circle
          cx={9}
          cy={9}
          r={7.5}
          pathLength={100}
          strokeDasharray={`${(100 * left) / seconds} 100`}
          transform="rotate(-90 9 9)"
        />
      </svg>
      <span>{leftWords(left)}</span>
      <VisuallyHidden>
        <Live>{told === undefined || told === 0 ? '' : `${told} seconds left`}</Live>
      </VisuallyHidden>
    </p>
  );
}
