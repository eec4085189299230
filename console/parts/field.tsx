// What surrounds a field: its label, its hint, and what is wrong with it.
import { type ReactNode, useId } from 'react';
import { classNames } from './class-names.ts';
import css from './field.module.css';
import { Icon } from './icon.tsx';

export interface FieldWords {
  label: string;
  hint?: ReactNode;
  /** A sentence, or several: the field is wrong. */
  error?: ReactNode;
}

/** What the field itself carries. */
export interface FieldTies {
  id: string;
  'aria-describedby': string | undefined;
  'aria-invalid': true | undefined;
}

export function Field({ label, hint, error, children }: FieldWords & { children: (ties: FieldTies) => ReactNode }) {
  const id = useId();
  const wrong = error !== undefined && error !== null && error !== false && error !== '';
  const hinted = hint !== undefined && hint !== null && hint !== false && hint !== '';
  return (
    <div className={css.field}>
      <label htmlFor={id} className={css.label}>
        {label}
      </label>
      {children({
        id,
        'aria-describedby': classNames(wrong && `${id}-error`, hinted && `${id}-hint`) || undefined,
        'aria-invalid': wrong || undefined,
      })}
      {wrong && <FieldError id={`${id}-error`}>{error}</FieldError>}
      {hinted && (
        <div id={`${id}-hint`} className={css.hint}>
          {hint}
        </div>
      )}
    </div>
  );
}

export function FieldError({ id, children }: { id?: string | undefined; children: ReactNode }) {
  return (
    <div id={id} className={css.error}>
      <Icon name="warning" size={14} />
      <div>{children}</div>
    </div>
  );
}
