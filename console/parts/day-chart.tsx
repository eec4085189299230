// Requests per day as bars: allowed below, refused above them. A bar is drawn with attributes of SVG, since the page's policy refuses style attributes.
import { type KeyboardEvent, type ReactNode, useId, useState } from 'react';
import { count } from '../words/actions.ts';
import { barOf, countWords, type DayCount, dayAfterKey, dayWords, peakOf } from '../words/usage-days.ts';
import styles from './day-chart.module.css';

const HEIGHT = 56;

interface DayChartProps {
  /** Stands above it and names it. */
  readonly title: ReactNode;
  readonly label: string;
  /** The last of them is today. */
  readonly days: readonly DayCount[];
}

export function DayChart({ title, label, days }: DayChartProps) {
  const hatch = useId();
  const [shown, setShown] = useState<number>();
  const [focused, setFocused] = useState(days.length - 1);
  const peak = peakOf(days);
  const told = days[focused];

  function onKeyDown(event: KeyboardEvent) {
    if (event.key === 'Escape') {
      if (shown !== undefined) event.stopPropagation();
      setShown(undefined);
      return;
    }
    const next = dayAfterKey(event.key, focused);
    if (next === undefined) return;
    event.preventDefault();
    setFocused(next);
    setShown(next);
  }

  return (
    <section className={styles.chart} aria-label={label}>
      <div className={styles.head}>
        <h2 className={styles.title}>{title}</h2>
        <span className={styles.aside}>
          {days.length} days · peak {count(peak)}
        </span>
      </div>
      <div
        className={styles.plot}
        role="slider"
        tabIndex={0}
        aria-label={`${label}, one day`}
        aria-valuemin={1}
        aria-valuemax={days.length}
        aria-valuenow={focused + 1}
        aria-valuetext={told === undefined ? '' : countWords(told)}
        onKeyDown={onKeyDown}
        onFocus={() => setShown(focused)}
        onBlur={() => setShown(undefined)}
        onPointerLeave={() => setShown(undefined)}
      >
        <svg className={styles.bars} width="100%" height={HEIGHT} aria-hidden="true">
          <title>{label}</title>
          <defs>
            <pattern id={hatch} width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
              <rect className={styles.refused} width="5" height="5" />
              <rect className={styles.stripe} width="2" height="5" />
            </pattern>
          </defs>
          {days.map((day, at) => (
            <DayBar key={day.day} day={day} at={at} of={days.length} peak={peak} hatch={hatch} />
          ))}
        </svg>
        <div className={styles.cells} aria-hidden="true">
          {days.map((day, at) => (
            <span key={day.day} className={styles.cell} onPointerEnter={() => setShown(at)}>
              {shown === at && (
                <span className={at < days.length / 2 ? styles.tipFromLeft : styles.tipFromRight}>
                  {countWords(day)}
                </span>
              )}
            </span>
          ))}
        </div>
      </div>
      <div className={styles.foot} aria-hidden="true">
        <span>{dayWords(days[0]?.day ?? '')}</span>
        <span className={styles.legend}>
          <Swatch fill="allowed" hatch={hatch} />
          allowed
          <Swatch fill="refused" hatch={hatch} />
          refused
        </span>
        <span>today</span>
      </div>
      <table className={styles.table}>
        <caption>{label}</caption>
        <thead>
          <tr>
            <th scope="col">Day</th>
            <th scope="col">Allowed</th>
            <th scope="col">Refused</th>
          </tr>
        </thead>
        <tbody>
          {days.map(({ day, allowed, refused }) => (
            <tr key={day}>
              <th scope="row">{dayWords(day)}</th>
              <td>{count(allowed)}</td>
              <td>{count(refused)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

interface DayBarProps {
  readonly day: DayCount;
  readonly at: number;
  readonly of: number;
  readonly peak: number;
  readonly hatch: string;
}

function DayBar({ day, at, of, peak, hatch }: DayBarProps) {
  const { allowed, refused } = barOf(day, peak, HEIGHT);
  const room = 100 / of;
  const place = { x: `${at * room + room * 0.06}%`, width: `${room * 0.88}%` };
  const gap = allowed > 0 && refused > 0 ? 1 : 0;
  return (
    <>
      {allowed === 0 && refused === 0 && <rect className={styles.none} {...place} y={HEIGHT - 1} height={1} />}
      {allowed > 0 && <rect className={styles.allowed} {...place} y={HEIGHT - allowed} height={allowed} rx={1.5} />}
      {refused > 0 && (
        <rect {...place} y={HEIGHT - allowed - gap - refused} height={refused} rx={1.5} fill={`url(#${hatch})`} />
      )}
    </>
  );
}

function Swatch({ fill, hatch }: { readonly fill: 'allowed' | 'refused'; readonly hatch: string }) {
  return (
    <svg className={styles.swatch} width="10" height="10" aria-hidden="true">
      <title>{fill}</title>
      <rect
        className={fill === 'allowed' ? styles.allowed : undefined}
        width="10"
        height="10"
        {...(fill === 'refused' ? { fill: `url(#${hatch})` } : {})}
      />
    </svg>
  );
}
