// One line of text. Secrets have a field of their own: secret-field.tsx.
import { type Ref, useId } from 'react';
import { classNames } from './class-names.ts';
import css from './field.module.css';
import { Field, type FieldWords } from './field.tsx';
import { Icon } from './icon.tsx';
import hidden from './visually-hidden.module.css';

export interface TextFieldProps extends FieldWords {
  value: string;
  onChange: (value: string) => void;
  mono?: boolean | undefined;
  autoFocus?: boolean | undefined;
  inputRef?: Ref<HTMLInputElement> | undefined;
  maxLength?: number | undefined;
  placeholder?: string | undefined;
}

export function TextField({ label, hint, error, ...props }: TextFieldProps) {
  return (
    <Field label={label} hint={hint} error={error}>
      {(ties) => <Line {...props} {...ties} type="text" />}
    </Field>
  );
}

/** A search: the label is only heard, the placeholder is seen. */
export function SearchField({ label, ...props }: Omit<TextFieldProps, keyof FieldWords> & { label: string }) {
  const id = useId();
  return (
    <div className={css.search}>
      <label htmlFor={id} className={hidden.hidden}>
        {label}
      </label>
      <Icon name="search" />
      <Line placeholder={label} {...props} id={id} type="search" />
    </div>
  );
}

function Line({
  onChange,
  mono,
  autoFocus,
  inputRef,
  ...input
}: Omit<TextFieldProps, keyof FieldWords> & { id?: string; type: 'text' | 'search' }) {
  return (
    <input
      {...input}
      // biome-ignore lint/a11y/noAutofocus: a dialog opens with focus on its first field.
      autoFocus={autoFocus}
      ref={inputRef}
      className={classNames(css.input, mono && css.mono)}
      autoComplete="off"
      spellCheck={false}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}
