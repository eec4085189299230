// A date and a time of the reader's zone, as the browser has them entered.

import css from './field.module.css';
import { Field, type FieldWords } from './field.tsx';

export interface DateTimeFieldProps extends FieldWords {
  /** `2026-12-28T14:03`, in the reader's zone, or empty; so are `min` and `max`. */
  value: string;
  onChange: (value: string) => void;
  min?: string | undefined;
  max?: string | undefined;
}

export function DateTimeField({ value, onChange, min, max, ...words }: DateTimeFieldProps) {
  return (
    <Field {...words}>
      {(ties) => (
        <input
          {...ties}
          type="datetime-local"
          className={css.input}
          value={value}
          min={min}
          max={max}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}
