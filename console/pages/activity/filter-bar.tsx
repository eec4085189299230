// Which rows are shown. What is chosen stands in the address, so it survives a reload and can be sent to somebody.
import { useSignedIn } from '../../app/session/session.tsx';
import { DateTimeField } from '../../parts/date-time-field.tsx';
import { Select } from '../../parts/select.tsx';
import { nowMs } from '../../words/now.ts';
import css from './filter-bar.module.css';
import { type Filters, minuteOf, type What, type When } from './filters.ts';
import { keyLabel, useKeyNames } from './key-names.ts';

const whats = [
  { value: 'everything', label: 'Everything' },
  { value: 'changes', label: 'Changes' },
  { value: 'sign-ins', label: 'Sign-ins' },
  { value: 'refused', label: 'Refused' },
] as const satisfies readonly { value: What; label: string }[];

const whens = [
  { value: '1', label: 'Last 24 hours' },
  { value: '7', label: 'Last 7 days' },
  { value: '30', label: 'Last 30 days' },
  { value: 'exact', label: 'Exact…' },
] as const;

interface FilterBarProps {
  readonly filters: Filters;
  readonly onChange: (filters: Filters) => void;
}

export function FilterBar({ filters, onChange }: FilterBarProps) {
  const { kind } = useSignedIn();
  const names = useKeyNames();
  const { key, what, when } = filters;
  const listed = ['all', 'main', 'devices', ...names.map(({ row }) => row)];
  const keys = listed.includes(key) ? listed : [...listed, key];
  return (
    <search className={css.bar} aria-label="What is shown">
      <Select
        label="Key"
        value={key}
        options={keys.map((value) => ({ value, label: keyLabel(value, kind, names) }))}
        onChange={(chosen) => onChange({ ...filters, key: chosen })}
      />
      <Select label="What" value={what} options={whats} onChange={(chosen) => onChange({ ...filters, what: chosen })} />
      <Select
        label="When"
        value={'from' in when ? 'exact' : `${when.days}`}
        options={whens}
        onChange={(chosen) => onChange({ ...filters, when: whenOf(chosen) })}
      />
      {'from' in when && <Exact when={when} onChange={(chosen) => onChange({ ...filters, when: chosen })} />}
    </search>
  );
}

function whenOf(chosen: (typeof whens)[number]['value']): When {
  if (chosen === '1') return { days: 1 };
  if (chosen === '7') return { days: 7 };
  if (chosen === '30') return { days: 30 };
  const now = nowMs();
  return { from: minuteOf(new Date(now - 7 * 86_400_000)), to: minuteOf(new Date(now + 60_000)) };
}

type Span = Extract<When, { readonly from: string }>;

function Exact({ when, onChange }: { readonly when: Span; readonly onChange: (when: Span) => void }) {
  const set = (end: 'from' | 'to', local: string) => {
    const date = new Date(local);
    if (!Number.isNaN(date.getTime())) onChange({ ...when, [end]: minuteOf(date) });
  };
  const [from, to] = [localOf(when.from), localOf(when.to)];
  return (
    <>
      <DateTimeField label="From" value={from} max={to} onChange={(local) => set('from', local)} />
      <DateTimeField label="Until" value={to} min={from} onChange={(local) => set('to', local)} />
    </>
  );
}

/** `2026-11-28T14:03` in the reader's zone. */
function localOf(minute: string): string {
  const date = new Date(minute);
  return minuteOf(new Date(date.getTime() - date.getTimezoneOffset() * 60_000)).slice(0, 16);
}
