// From where a key works. A narrower list takes effect by the device alone; a wider one is signed by the owner, and the server holds that too.
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { Aborted } from '../../../src/client/errors.ts';
import type { Client } from '../../../src/client/main.ts';
import { useWrite } from '../../app/connection/connection.tsx';
import { type ListedKey, ofSubkey, ofToken } from '../../app/keys/listed-key.ts';
import { putKey, readKey } from '../../app/keys/use-keys.ts';
import { OwnerField, type OwnerStep, useOwner } from '../../app/owner/owner.tsx';
import { stepWords } from '../../app/owner/step-words.tsx';
import { keysChanged } from '../../app/queries/query-client.ts';
import { useAbout } from '../../app/server/use-about.ts';
import { useCurrentAddress } from '../../app/server/use-self.ts';
import { useSignedIn } from '../../app/session/session.tsx';
import { AddressBox } from '../../parts/address-box.tsx';
import { Button } from '../../parts/button.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { Name } from '../../parts/name.tsx';
import { Note } from '../../parts/note.tsx';
import { Refusal } from '../../parts/refusal.tsx';
import { useToast } from '../../parts/toast.tsx';
import { changeOf, choiceOf, listOf, withAddress } from '../../words/addresses.ts';
import { nowMs } from '../../words/now.ts';
import { toNs } from '../../words/times.ts';
import css from './change-addresses.module.css';

interface ChangeAddressesProps {
  /** The dialog is there while there is one. */
  readonly target: ListedKey | undefined;
  /** An address to begin with, besides those that are there. */
  readonly add?: string | undefined;
  readonly onClose: () => void;
}

export function ChangeAddresses({ target, add, onClose }: ChangeAddressesProps) {
  if (target === undefined) return null;
  return <Form key={target.id} of={target} add={add} onClose={onClose} />;
}

function Form({ of: key, add, onClose }: { of: ListedKey; add: string | undefined; onClose: () => void }) {
  const { client } = useSignedIn();
  const queries = useQueryClient();
  const owner = useOwner();
  const write = useWrite('change');
  const toast = useToast();
  const current = useCurrentAddress();
  const most = useAbout()?.limits.allowlist_entries ?? 50;
  const [value, setValue] = useState(() => firstChoice(key.worksFrom, add));
  const [isChecked, setChecked] = useState(false);
  const [step, setStep] = useState<OwnerStep>();
  const stop = useRef<AbortController>(undefined);
  useEffect(() => () => stop.current?.abort(), []);
  const list = listOf(value, most);
  const change = list === undefined ? undefined : changeOf(key.worksFrom, list);
  const isWider = change !== undefined && !change.isNarrower;

  async function save(): Promise<void> {
    setChecked(true);
    if (list === undefined || change === undefined || change.isSame) return;
    // A second press before the first is drawn as busy: what would stop the first stays what Cancel presses.
    if (stop.current !== undefined) return;
    const stopping = new AbortController();
    stop.current = stopping;
    const { signal } = stopping;
    const result = await write.run(
      () =>
        isWider
          ? owner.act((by) => restrict(by.client, key, list, signal), { onStep: setStep, signal })
          : restrict(client, key, list, signal),
      { signal },
    );
    stop.current = undefined;
    setStep(undefined);
    if (!result.ok) {
      const { error } = result;
      if (error instanceof Aborted && error.phase === 'unsent') write.reset();
      return;
    }
    const now = result.value ?? (await readKey(client, key.kind, key.id).catch(() => undefined));
    if (now !== undefined) putKey(queries, now);
    toast('Saved. It holds from the next request.');
    onClose();
    await keysChanged();
  }

  const canCancel = isWider && write.state.is === 'busy' && step !== 'sending';
  const action = isWider ? 'Sign and save' : 'Save';
  return (
    <Dialog
      open
      title={
        <>
          Change addresses of ‘<Name>{key.name}</Name>’
        </>
      }
      about="From where it works, from the moment it is saved."
      onClose={onClose}
      holds={change === undefined || !change.isSame}
      busy={write.isBusy}
      onSubmit={() => void save()}
      footer={
        <>
          {canCancel ? (
            <Button onPress={() => stop.current?.abort()}>Cancel</Button>
          ) : (
            <Button onPress={onClose} disabledBecause={write.isBusy ? 'It is being saved.' : undefined}>
              Cancel
            </Button>
          )}
          <Button
            kind="primary"
            type="submit"
            busy={write.isBusy}
            disabledBecause={change?.isSame === true ? 'Nothing is changed yet.' : undefined}
          >
            {write.isBusy ? stepWords(step, owner.walletName, 'Saving…') : action}
          </Button>
        </>
      }
    >
      <AddressBox value={value} onChange={setValue} current={current} most={most} isChecked={isChecked} autoFocus />
      {change !== undefined && !change.isSame && <Difference of={change} />}
      {isWider && <OwnerField owner={owner} />}
      {write.words !== undefined && (
        <Note kind="warn" live>
          {write.words}
        </Note>
      )}
      {write.error !== undefined && owner.keyError === undefined && <Refusal error={write.error} />}
    </Dialog>
  );
}

const firstChoice = (list: readonly string[], add: string | undefined) => {
  const choice = choiceOf(list);
  return add === undefined || choice.from === 'anywhere' ? choice : { ...choice, text: withAddress(choice.text, add) };
};

async function restrict(
  client: Client,
  { kind, id }: ListedKey,
  list: readonly string[],
  signal: AbortSignal,
): Promise<ListedKey> {
  if (kind === 'subkey') return ofSubkey((await client.subkeys.restrict(id, list, { signal })).value);
  return ofToken((await client.tokens.restrict(id, list, { signal })).value, toNs(nowMs()));
}

function Difference({ of: { added, removed, isNarrower } }: { of: ReturnType<typeof changeOf> }) {
  return (
    <section className={css.difference} aria-label="What will change">
      <ul className={css.lines}>
        {added.map((range) => (
          <li key={range} className={css.added}>
            + {range}
          </li>
        ))}
        {removed.map((range) => (
          <li key={range} className={css.removed}>
            − {range}
          </li>
        ))}
      </ul>
      <p className={css.when}>
        {isNarrower
          ? 'It takes effect with its next request. Requests under way from elsewhere are cut.'
          : 'It lets in somebody who was not before: that needs your main key or wallet.'}
      </p>
    </section>
  );
}
