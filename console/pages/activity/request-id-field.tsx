// Why was I refused: by an id that a program has written down.
import { type FormEvent, useState } from 'react';
import { Button } from '../../parts/button.tsx';
import { TextField } from '../../parts/text-field.tsx';
import { requestIdForm } from './explanation-facts.ts';
import css from './request-id-field.module.css';

export function RequestIdField({ onAsk }: { readonly onAsk: (requestId: string) => void }) {
  const [text, setText] = useState('');
  const [error, setError] = useState<string>();
  function ask(event: FormEvent) {
    event.preventDefault();
    const id = text.trim().toLowerCase();
    // What is no id goes into no address: it may be something else that was on the clipboard.
    if (!requestIdForm.test(id)) return setError('That is no request id. One has 36 characters: 6c1d8b0e-….');
    setError(undefined);
    setText('');
    onAsk(id);
  }
  return (
    <form className={css.form} noValidate autoComplete="off" onSubmit={ask}>
      <TextField
        label="Request id"
        hint="Your bot finds it in the header Countersign-Request-Id"
        mono
        value={text}
        maxLength={200}
        error={error}
        onChange={(typed) => {
          setText(typed);
          setError(undefined);
        }}
      />
      <div className={css.button}>
        <Button type="submit">Why?</Button>
      </div>
    </form>
  );
}
