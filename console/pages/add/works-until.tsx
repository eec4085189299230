// Until when a key works: one of a few lengths, or an exact time.
import { Chips } from '../../parts/chips.tsx';
import { DateTimeField } from '../../parts/date-time-field.tsx';
import { nowMs } from '../../words/now.ts';
import { exact, toNs } from '../../words/times.ts';
import { exactRange } from './ends.ts';
import css from './works-until.module.css';

interface WorksUntilProps<V extends string> {
  legend: string;
  /** `exact` asks for the date and time. */
  value: V | 'exact';
  onChange: (value: V | 'exact') => void;
  options: readonly { readonly value: V | 'exact'; readonly label: string }[];
  /** Of the end that is exact: `2026-12-28T14:03`, in the reader's zone. */
  date: string;
  onDate: (date: string) => void;
  /** From now; undefined while it is not known, 0: no end. */
  seconds: number | undefined;
  problem: string | undefined;
}

export function WorksUntil<V extends string>(props: WorksUntilProps<V>) {
  const { legend, value, onChange, options, date, onDate, seconds, problem } = props;
  const now = nowMs();
  const { min, max } = exactRange(now);
  const hint = endHint(seconds, now);
  return (
    <div className={css.until}>
      <Chips
        legend={legend}
        value={value}
        onChange={onChange}
        options={options}
        hint={value === 'exact' ? undefined : hint}
      />
      {value === 'exact' && (
        <DateTimeField
          label="Date and time"
          value={date}
          onChange={onDate}
          min={min}
          max={max}
          error={problem}
          hint={hint}
        />
      )}
    </div>
  );
}

function endHint(seconds: number | undefined, now: number): string | undefined {
  if (seconds === undefined) return 'In your time zone.';
  if (seconds === 0) return 'It works until you end it.';
  return `Until ${exact(toNs(now + seconds * 1000))}. You can end it any time before.`;
}
