// The form of a new key, of either kind.
import type { ReactNode } from 'react';
import type { About } from '../../../src/client/shapes.ts';
import { AddressBox } from '../../parts/address-box.tsx';
import { CanDo } from '../../parts/can-do.tsx';
import { TextField } from '../../parts/text-field.tsx';
import { nowMs } from '../../words/now.ts';
import { powers } from '../../words/powers.ts';
import type { SnippetKind } from '../../words/snippets.ts';
import type { Draft, DraftProblems } from './draft.ts';
import { endOptions, readEnd } from './ends.ts';
import { WhereItLives } from './where-it-lives.tsx';
import { WorksUntil } from './works-until.tsx';

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
        legend="Works until"
        value={draft.end}
        onChange={(end) => set({ end })}
        options={endOptions[kind]}
        date={draft.date}
        onDate={(date) => set({ date })}
        seconds={readEnd(draft.end, draft.date, nowMs()).seconds}
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
