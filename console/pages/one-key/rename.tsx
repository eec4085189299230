// The name of a key, changed in its place: Enter saves, Esc leaves.
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { useWrite } from '../../app/connection/connection.tsx';
import { type ListedKey, ofSubkey, ofToken } from '../../app/keys/listed-key.ts';
import { putKey, readKey } from '../../app/keys/use-keys.ts';
import { keysChanged } from '../../app/queries/query-client.ts';
import { keepPage } from '../../app/session/kept-page.ts';
import { useSignedIn } from '../../app/session/session.tsx';
import { Button } from '../../parts/button.tsx';
import { useStay } from '../../parts/leaving.ts';
import { Note } from '../../parts/note.tsx';
import { Refusal } from '../../parts/refusal.tsx';
import { TextField } from '../../parts/text-field.tsx';
import { nameOf, nameProblem } from '../../words/names.ts';
import { nowMs } from '../../words/now.ts';
import { toNs } from '../../words/times.ts';
import css from './rename.module.css';

interface RenameProps {
  readonly of: ListedKey;
  /** `saved`: what is to be read out. */
  readonly onLeave: (saved?: string) => void;
}

export function Rename({ of: key, onLeave }: RenameProps) {
  const { client } = useSignedIn();
  const queries = useQueryClient();
  const write = useWrite('change');
  const [text, setText] = useState(key.name);
  const [isChecked, setChecked] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.select(), []);
  // It is no dialog: what is typed here would go with the page.
  useEffect(() => keepPage(), []);
  useStay(text !== key.name, () => field.current?.focus());
  const problem = nameProblem(text);

  async function save(event: FormEvent): Promise<void> {
    event.preventDefault();
    setChecked(true);
    if (problem !== undefined || write.isBusy) return;
    const name = nameOf(text);
    if (name === key.name) {
      onLeave();
      return;
    }
    const result = await write.run(async () =>
      key.kind === 'subkey'
        ? ofSubkey((await client.subkeys.rename(key.id, name)).value)
        : ofToken((await client.tokens.rename(key.id, name)).value, toNs(nowMs())),
    );
    if (!result.ok) return;
    const now = result.value ?? (await readKey(client, key.kind, key.id).catch(() => undefined));
    if (now !== undefined) putKey(queries, now);
    onLeave('Saved');
    await keysChanged();
  }

  return (
    <form
      className={css.form}
      autoComplete="off"
      onSubmit={(event) => void save(event)}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || write.isBusy) return;
        event.preventDefault();
        onLeave();
      }}
    >
      <TextField
        label="Name"
        value={text}
        onChange={setText}
        error={isChecked ? problem : undefined}
        inputRef={field}
        autoFocus
      />
      <div className={css.buttons}>
        <Button kind="primary" type="submit" busy={write.isBusy}>
          {write.isBusy ? 'Saving…' : 'Save'}
        </Button>
        <Button onPress={write.isBusy ? undefined : () => onLeave()}>Cancel</Button>
      </div>
      {write.words !== undefined && (
        <Note kind="warn" live>
          {write.words}
        </Note>
      )}
      {write.error !== undefined && <Refusal error={write.error} />}
    </form>
  );
}
