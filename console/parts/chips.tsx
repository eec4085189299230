// One of a few, all of them seen: a radio group. At first none may be chosen.
import { type ReactNode, useId } from 'react';
import css from './chips.module.css';
import { classNames } from './class-names.ts';
import fieldCss from './field.module.css';
import { FieldError } from './field.tsx';

export interface ChipsProps<V extends string> {
  legend: string;
  value: V | undefined;
  onChange: (value: V) => void;
  options: readonly { value: V; label: string; disabledBecause?: string | undefined }[];
  hint?: ReactNode;
  error?: ReactNode;
}

export function Chips<V extends string>({ legend, value, onChange, options, hint, error }: ChipsProps<V>) {
  const id = useId();
  const wrong = error !== undefined && error !== null && error !== false && error !== '';
  const off = options.filter(({ disabledBecause }) => disabledBecause !== undefined);
  const described = classNames(wrong && `${id}-error`, (Boolean(hint) || off.length > 0) && `${id}-hint`) || undefined;
  return (
    <fieldset aria-describedby={described}>
      <legend className={fieldCss.label}>{legend}</legend>
      <div className={css.chips}>
        {options.map((option) => (
          <label key={option.value} className={css.chip}>
            <input
              type="radio"
              className={css.radio}
              name={id}
              checked={option.value === value}
              disabled={option.disabledBecause !== undefined}
              onChange={() => onChange(option.value)}
            />
            {/* The bold copy keeps the chip as wide when it is chosen. */}
            <span className={css.words} data-words={option.label}>
              {option.label}
            </span>
          </label>
        ))}
      </div>
      {wrong && <FieldError id={`${id}-error`}>{error}</FieldError>}
      {(Boolean(hint) || off.length > 0) && (
        <div id={`${id}-hint`} className={fieldCss.hint}>
          {hint}
          {off.map((option) => (
            <div key={option.value}>{option.disabledBecause}</div>
          ))}
        </div>
      )}
    </fieldset>
  );
}
