// Yes or no.
import { type ReactNode, type Ref, useId } from 'react';
import css from './checkbox.module.css';

export interface CheckboxProps {
  label: ReactNode;
  checked: boolean;
  onChange: (checked: boolean) => void;
  hint?: ReactNode;
  inputRef?: Ref<HTMLInputElement> | undefined;
}

export function Checkbox({ label, checked, onChange, hint, inputRef }: CheckboxProps) {
  const id = useId();
  return (
    <div className={css.row}>
      <input
        ref={inputRef}
        id={id}
        type="checkbox"
        className={css.box}
        checked={checked}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
      <label htmlFor={id} className={css.label}>
        {label}
      </label>
      {hint !== undefined && (
        <div id={`${id}-hint`} className={css.hint}>
          {hint}
        </div>
      )}
    </div>
  );
}
