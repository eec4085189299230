// A field for a private key. React never holds its text: whoever needs it reads the element once and empties it. A page that is left, and may be
// kept for Back, has it no longer.
import { type RefObject, useEffect, useEffectEvent } from 'react';
import { classNames } from './class-names.ts';
import css from './field.module.css';
import { Field, type FieldWords } from './field.tsx';

export interface SecretFieldProps extends FieldWords {
  inputRef: RefObject<HTMLInputElement | null>;
  /** After every change; the text is read from `inputRef`. */
  onInput?: (() => void) | undefined;
  autoFocus?: boolean | undefined;
}

export function SecretField({ inputRef, onInput, autoFocus, ...words }: SecretFieldProps) {
  const empty = useEffectEvent(() => {
    const field = inputRef.current;
    if (field === null || field.value === '') return;
    field.value = '';
    onInput?.();
  });
  useEffect(() => {
    const left = () => empty();
    addEventListener('pagehide', left);
    return () => removeEventListener('pagehide', left);
  }, []);
  return (
    <Field {...words}>
      {(ties) => (
        <input
          {...ties}
          // biome-ignore lint/a11y/noAutofocus: a dialog opens with focus on its first field.
          autoFocus={autoFocus}
          ref={inputRef}
          type="password"
          className={classNames(css.input, css.mono)}
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          onInput={onInput}
        />
      )}
    </Field>
  );
}
