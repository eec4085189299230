// From which addresses a key works: anywhere, or a box that takes whatever is pasted and says line by line what cannot be read.
import { type FocusEvent, type SyntheticEvent, useEffect, useId, useRef, useState } from 'react';
import { allowsAddress } from '../../src/client/addresses.ts';
import { type AddressChoice, type Problem, privateOnes, readBox, shownRange, withAddress } from '../words/addresses.ts';
import css from './address-box.module.css';
import { Button } from './button.tsx';
import { Chips } from './chips.tsx';
import fieldCss from './field.module.css';
import { FieldError } from './field.tsx';
import { Note } from './note.tsx';

export interface AddressBoxProps {
  value: AddressChoice;
  onChange: (value: AddressChoice) => void;
  /** The reader's address as the server sees it; undefined when it cannot be told. */
  current: string | undefined;
  /** Entries that the server takes. */
  most?: number | undefined;
  /** After the form was sent once: everything that is wrong is shown, a choice that is missing too. */
  isChecked?: boolean | undefined;
  /** Focus goes into the box at first. */
  autoFocus?: boolean | undefined;
}

const choices = [
  { value: 'anywhere', label: 'Anywhere' },
  { value: 'listed', label: 'Only these addresses' },
] as const;

export function AddressBox({ value, onChange, current, most = 50, isChecked = false, autoFocus }: AddressBoxProps) {
  const [isChosenHere, setChosenHere] = useState(false);
  const choose = (from: 'anywhere' | 'listed') => {
    setChosenHere(true);
    onChange({ ...value, from });
  };
  return (
    <div className={css.box}>
      <Chips
        legend="Works from"
        value={value.from}
        onChange={choose}
        options={choices}
        error={isChecked && value.from === undefined ? 'Choose one.' : undefined}
        hint={value.from === 'anywhere' ? 'Whoever finds this key can use it from anywhere.' : undefined}
      />
      {value.from === 'listed' && (
        <Listed
          text={value.text}
          onChange={(text) => onChange({ ...value, text })}
          current={current}
          most={most}
          isChecked={isChecked}
          // A choice by the arrows leaves focus where the arrows are.
          autoFocus={autoFocus === true && !isChosenHere}
        />
      )}
    </div>
  );
}

interface ListedProps {
  text: string;
  onChange: (text: string) => void;
  current: string | undefined;
  most: number;
  isChecked: boolean;
  autoFocus: boolean | undefined;
}

function Listed({ text, onChange, current, most, isChecked, autoFocus }: ListedProps) {
  const id = useId();
  const area = useRef<HTMLTextAreaElement>(null);
  const { typed, ties } = useTypedLine();
  const [wasFilled, setWasFilled] = useState(text.trim() !== '');
  const { entries, problems, meanings } = readBox(text, most);
  const shown = problems.filter((problem) => isChecked || isTold(problem, typed, wasFilled));
  const change = (next: string) => {
    if (next.trim() !== '') setWasFilled(true);
    onChange(next);
  };
  const isMissing = entries !== undefined && current !== undefined && !allowsAddress(entries, current);
  const privates = entries === undefined ? [] : privateOnes(entries, current);
  return (
    <div className={fieldCss.field}>
      <label htmlFor={id} className={css.label}>
        One address or range a line
      </label>
      <textarea
        {...ties}
        id={id}
        ref={area}
        // biome-ignore lint/a11y/noAutofocus: a dialog opens with focus on its first field.
        autoFocus={autoFocus}
        className={`${fieldCss.input} ${fieldCss.area} ${fieldCss.mono}`}
        rows={Math.min(Math.max(text.split('\n').length + 1, 4), 10)}
        value={text}
        placeholder={'203.0.113.7\n203.0.113.0/24  # office'}
        autoComplete="off"
        autoCapitalize="off"
        spellCheck={false}
        aria-invalid={shown.length > 0 || undefined}
        aria-describedby={`${shown.length > 0 ? `${id}-error ` : ''}${id}-hint`}
        onChange={(event) => change(event.currentTarget.value)}
      />
      {shown.length > 0 && (
        <FieldError id={`${id}-error`}>
          <ul className={css.lines}>
            {shown.map(({ words }, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: two lines may be wrong in the same words.
              <li key={index}>
                <bdi>{words}</bdi>
              </li>
            ))}
          </ul>
        </FieldError>
      )}
      <div id={`${id}-hint`} className={fieldCss.hint}>
        {meanings.map((words) => (
          <div key={words}>{words}</div>
        ))}
        {meanings.length === 0 && 'Commas, spaces and line breaks all separate. # begins a remark.'}
      </div>
      {current !== undefined && (
        <div className={css.current}>
          <Button
            small
            onPress={() => {
              change(withAddress(text, current));
              area.current?.focus();
            }}
          >
            Add my current address
          </Button>
          <code>{current}</code>
        </div>
      )}
      {isMissing && (
        <Note kind="warn" title="Your current address is not in the list." live>
          That is right if the program runs elsewhere. This page keeps working either way.
        </Note>
      )}
      {privates.length > 0 && (
        <Note kind="warn" live>
          {privates.map(shownRange).join(', ')}{' '}
          {privates.length === 1 ? 'is an address inside a home or office.' : 'are addresses inside a home or office.'}{' '}
          From outside your venue sees another one.
        </Note>
      )}
    </div>
  );
}

/** A line that is being typed is not wrong yet, and a box that was never filled neither. */
const isTold = ({ line }: Problem, typed: number | undefined, wasFilled: boolean): boolean =>
  line === undefined ? wasFilled : line !== typed;

const AFTER_LEAVING_MS = 300;

/** The line with the caret while the box has focus; a moment longer, so that what was pressed does not move away. */
function useTypedLine() {
  const [typed, setTyped] = useState<number>();
  const leaving = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(leaving.current), []);
  const look = ({ currentTarget: { value, selectionStart } }: SyntheticEvent<HTMLTextAreaElement>) =>
    setTyped(value.slice(0, selectionStart).split('\n').length);
  const ties = {
    onSelect: look,
    onFocus: (event: FocusEvent<HTMLTextAreaElement>) => {
      clearTimeout(leaving.current);
      look(event);
    },
    onBlur: () => {
      leaving.current = setTimeout(() => setTyped(undefined), AFTER_LEAVING_MS);
    },
  };
  return { typed, ties };
}
