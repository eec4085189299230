// Several lines of text.
import type { Ref } from 'react';
import { classNames } from './class-names.ts';
import css from './field.module.css';
import { Field, type FieldWords } from './field.tsx';

export interface TextAreaProps extends FieldWords {
  value: string;
  onChange: (value: string) => void;
  rows?: number | undefined;
  mono?: boolean | undefined;
  autoFocus?: boolean | undefined;
  inputRef?: Ref<HTMLTextAreaElement> | undefined;
  maxLength?: number | undefined;
  placeholder?: string | undefined;
}

export function TextArea(props: TextAreaProps) {
  const { label, hint, error, optional, onChange, mono, autoFocus, inputRef, rows = 4, ...area } = props;
  return (
    <Field label={label} hint={hint} error={error} optional={optional}>
      {(ties) => (
        <textarea
          {...area}
          {...ties}
          // biome-ignore lint/a11y/noAutofocus: a dialog opens with focus on its first field.
          autoFocus={autoFocus}
          ref={inputRef}
          rows={rows}
          className={classNames(css.input, css.area, mono && css.mono)}
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}
