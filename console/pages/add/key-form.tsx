// The form of a new key, of either kind.
import type { ReactNode } from 'react';
import type { About } from '../../../src/client/shapes.ts';
import { AddressBox } from '../../parts/address-box.tsx';
import { CanDo } from '../../parts/can-do.tsx';
import { Chips } from '../../parts/chips.tsx';
import { DateTimeField } from '../../parts/date-time-field.tsx';
import { TextField } from '../../parts/text-field.tsx';
import { nowMs } from '../../words/now.ts';
import { powers } from '../../words/powers.ts';
import type { SnippetKind } from '../../words/snippets.ts';
import { exact, toNs } from '../../words/times.ts';
import type { Draft, DraftProblems } from './draft.ts';
import { endOptions, exactRange, readEnd } from './ends.ts';
import css from './key-form.module.css';
import { WhereItLives } from './where-it-lives.tsx';

export interface KeyFormProps {
  kind: SnippetKind;
  draft: Draft;
  onChange: (draft: Draft) => void;
  problems: DraftProblems;
  /** It was sent once: everything that is wrong is shown. */
  isChecked: boolean;
  about: About | undefined;
  /** The reader's address as the server sees it. */
  current: string | undefined;
  /** What the owner is asked. */
  children: ReactNode;
}

export function KeyForm(props: KeyFormProps) {
  const { kind, draft, onChange, problems, isChecked, about, current, children } = props;
  const set = (change: Partial<Draft>) => onChange({ ...draft, ...change });
  return (
    <>
      <TextField
        label="Name"
        hint="So that you know later what to end. Only you see it."
        error={isChecked || draft.name !== '' ? problems.name : undefined}
        value={draft.name}
        onChange={(name) => set({ name })}
        placeholder={kind === 'token' ? 'dashboard' : 'market maker 1'}
      />
      <WorksUntil
        kind={kind}
        draft={draft}
        onChange={onChange}
        problem={isChecked || draft.date !== '' ? problems.end : undefined}
      />
      <AddressBox
        value={draft.from}
        onChange={(from) => set({ from })}
        current={current}
        most={about?.limits.allowlist_entries}
        isChecked={isChecked}
      />
      {kind === 'subkey' && (
        <WhereItLives
          place={draft.place}
          onPlace={(place) => set({ place })}
          publicKey={draft.publicKey}
          onPublicKey={(publicKey) => set({ publicKey })}
          problem={isChecked ? problems.publicKey : undefined}
          about={about}
        />
      )}
      <CanDo {...powers[kind]} />
      {children}
    </>
  );
}

function WorksUntil({
  kind,
  draft,
  onChange,
  problem,
}: Pick<KeyFormProps, 'kind' | 'draft' | 'onChange'> & { problem: string | undefined }) {
  const now = nowMs();
  const { min, max } = exactRange(now);
  const { seconds } = readEnd(draft.end, draft.date, now);
  return (
    <div className={css.until}>
      <Chips
        legend="Works until"
        value={draft.end}
        onChange={(end) => onChange({ ...draft, end })}
        options={endOptions[kind]}
        hint={draft.end === 'exact' ? undefined : endHint(seconds, now)}
      />
      {draft.end === 'exact' && (
        <DateTimeField
          label="Date and time"
          value={draft.date}
          onChange={(date) => onChange({ ...draft, date })}
          min={min}
          max={max}
          error={problem}
          hint={endHint(seconds, now)}
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
