// One of a list.

import css from './field.module.css';
import { Field, type FieldWords } from './field.tsx';
import { Icon } from './icon.tsx';

export interface SelectProps<V extends string> extends FieldWords {
  value: V;
  onChange: (value: V) => void;
  options: readonly { value: V; label: string }[];
}

export function Select<V extends string>({ value, onChange, options, ...words }: SelectProps<V>) {
  return (
    <Field {...words}>
      {(ties) => (
        <div className={css.select}>
          <select
            {...ties}
            className={css.input}
            value={value}
            onChange={(event) => {
              const chosen = options[event.currentTarget.selectedIndex];
              if (chosen !== undefined) onChange(chosen.value);
            }}
          >
            {options.map((option) => (
              <option key={option.value} value={option.value}>
                {option.label}
              </option>
            ))}
          </select>
          <Icon name="chevron" />
        </div>
      )}
    </Field>
  );
}
