// A read-only key in the place of another, which goes on working for a while. Its text is shown once, as that of a new key.
import { type ReactNode, useEffect, useRef, useState } from 'react';
import type { ApiToken } from '../../../src/client/main.ts';
import { useWrite } from '../../app/connection/connection.tsx';
import { type ListedKey, ofToken } from '../../app/keys/listed-key.ts';
import { readKey, useKey } from '../../app/keys/use-keys.ts';
import { OwnerField, type OwnerStep, useOwner } from '../../app/owner/owner.tsx';
import { stepWords } from '../../app/owner/step-words.tsx';
import { keysChanged } from '../../app/queries/query-client.ts';
import { type Secret, secretsOfAnswer } from '../../app/secret.ts';
import { useSignedIn } from '../../app/session/session.tsx';
import { Button } from '../../parts/button.tsx';
import { Chips } from '../../parts/chips.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { focusFirstWrong } from '../../parts/first-wrong.ts';
import { useNow } from '../../parts/minute.ts';
import { Name } from '../../parts/name.tsx';
import { Note } from '../../parts/note.tsx';
import { useReturn } from '../../parts/opener.ts';
import { Refusal } from '../../parts/refusal.tsx';
import { nowMs } from '../../words/now.ts';
import { shortExact, soonWords, toNs } from '../../words/times.ts';
import { LostToken } from '../add/lost-token.tsx';
import { lookedFor } from '../add/make-key.ts';
import { WorksUntil } from '../add/works-until.tsx';
import { SaveSecret } from '../save-secret/save-secret.tsx';
import { type Life, lives, type Overlap, oldEnds, overlapSeconds, overlaps, readLife } from './lives.ts';

interface ReplaceKeyProps {
  /** The dialog is there while there is one. */
  readonly target: ListedKey | undefined;
  readonly onClose: () => void;
}

/** What was made; without its text where that got lost on the way. */
interface Successor {
  readonly key: ListedKey;
  readonly secret: Secret | undefined;
}

export function ReplaceKey({ target, onClose }: ReplaceKeyProps) {
  const { client, account } = useSignedIn();
  const deletion = useWrite('delete');
  const [made, setMade] = useState<Successor>();
  const giveFocusBack = useReturn(target !== undefined);
  if (target === undefined) return null;

  const leave = () => {
    setMade(undefined);
    onClose();
    giveFocusBack();
  };
  async function abandon({ key: { id } }: Successor): Promise<void> {
    const ended = await deletion.run(() => client.tokens.revoke(id));
    if (!ended.ok) throw ended.error;
    await keysChanged().catch(() => undefined);
  }
  if (made?.secret !== undefined) {
    return (
      <SaveSecret
        kind="token"
        name={made.key.name}
        secret={made.secret}
        account={account}
        expiresAt={made.key.expiresAt}
        onDone={leave}
        onAbandon={() => abandon(made).then(leave)}
        progress={deletion.words}
      />
    );
  }
  return (
    <Form
      of={target}
      onClose={leave}
      onMade={setMade}
      lost={
        made && (
          <LostToken
            name={made.key.name}
            madeAt={made.key.createdAt}
            deletion={deletion}
            onDelete={() =>
              void abandon(made).then(
                () => setMade(undefined),
                () => undefined,
              )
            }
          />
        )
      }
    />
  );
}

interface FormProps {
  readonly of: ListedKey;
  readonly onClose: () => void;
  readonly onMade: (made: Successor) => void;
  /** What stands in place of the form where a successor was made and its text got lost. */
  readonly lost: ReactNode;
}

function Form({ of: key, onClose, onMade, lost }: FormProps) {
  const { client } = useSignedIn();
  const owner = useOwner();
  const write = useWrite('make');
  const now = toNs(useNow());
  const [overlap, setOverlap] = useState<Overlap>('24h');
  const [life, setLife] = useState<Life>('same');
  const [date, setDate] = useState('');
  const [isChecked, setChecked] = useState(false);
  const [step, setStep] = useState<OwnerStep>();
  const stop = useRef<AbortController>(undefined);
  useEffect(() => () => stop.current?.abort(), []);
  const predecessor = useLivePredecessor(key, now);
  const ends = oldEnds(key.expiresAt, overlap, now);
  const found = (token: ApiToken): Successor => ({ key: ofToken(token, toNs(nowMs())), secret: undefined });

  const newLife = readLife(life, date, key, nowMs());

  async function replace(): Promise<void> {
    const { asked, problem } = newLife;
    setChecked(true);
    if (problem !== undefined) return focusFirstWrong();
    const rotation = {
      overlap_seconds: overlapSeconds(overlap),
      ...(asked === undefined ? {} : { expiry_duration: asked }),
    };
    if (write.isBusy) return;
    const stopping = new AbortController();
    stop.current = stopping;
    const { signal } = stopping;
    const result = await write.run<Successor>(
      () => {
        const secretOf = secretsOfAnswer();
        return owner.act(
          async (by) => {
            const { token, api_token } = (await by.client.tokens.rotate(key.id, rotation, { signal })).value;
            return { ...found(api_token), secret: secretOf(token) };
          },
          { onStep: setStep, signal },
        );
      },
      {
        signal,
        find: (lost) =>
          lookedFor(
            async () => {
              const { replacedBy } = await readKey(client, 'token', key.id);
              return replacedBy === undefined ? undefined : found(await client.tokens.get(replacedBy));
            },
            { lost, signal },
          ),
      },
    );
    setStep(undefined);
    if (!result.ok || result.value === undefined) return;
    onMade(result.value);
    await keysChanged();
  }

  return (
    <Dialog
      open
      title={
        <>
          Replace ‘<Name>{key.name}</Name>’
        </>
      }
      about="A new key with the same settings. The old one goes on working for a while, so that you can change it over."
      onClose={onClose}
      busy={write.isBusy}
      onSubmit={() => void replace()}
      footer={
        <>
          <Button onPress={onClose} disabledBecause={write.isBusy ? 'It is being replaced.' : undefined}>
            Cancel
          </Button>
          {lost === undefined && (
            <Button
              kind="primary"
              type="submit"
              busy={write.isBusy}
              disabledBecause={predecessor === undefined ? undefined : 'End its old key first.'}
            >
              {write.isBusy ? stepWords(step, owner.walletName, 'Replacing…') : 'Sign and replace'}
            </Button>
          )}
        </>
      }
    >
      {predecessor !== undefined && <OldKeyWorks of={predecessor} />}
      {lost ?? (
        <>
          <Chips
            legend="Old key works for another"
            value={overlap}
            onChange={setOverlap}
            options={overlaps}
            hint={ends.isSooner ? `never longer than it would have: ${shortExact(ends.at, nowMs())}` : undefined}
          />
          <WorksUntil
            legend="New key works until"
            value={life}
            onChange={setLife}
            options={lives}
            date={date}
            onDate={setDate}
            seconds={newLife.seconds}
            problem={isChecked || date !== '' ? newLife.problem : undefined}
          />
          <OwnerField owner={owner} />
        </>
      )}
      {write.words !== undefined && (
        <Note kind="warn" live>
          {write.words}
        </Note>
      )}
      {write.error !== undefined && owner.keyError === undefined && <Refusal error={write.error} />}
    </Dialog>
  );
}

/** The key in whose place this one was made, while it still works. */
function useLivePredecessor({ replaces = '' }: ListedKey, now: bigint): ListedKey | undefined {
  const { key } = useKey('token', replaces, { isAsked: replaces !== '' });
  const works = key !== undefined && key.ended === undefined && (key.expiresAt === undefined || key.expiresAt > now);
  return works ? key : undefined;
}

function OldKeyWorks({ of: old }: { of: ListedKey }) {
  const { client } = useSignedIn();
  const write = useWrite('delete');
  async function end(): Promise<void> {
    const result = await write.run(() => client.tokens.revoke(old.id));
    if (result.ok) await keysChanged();
  }
  return (
    <Note
      kind="warn"
      action={
        <Button small busy={write.isBusy} onPress={() => void end()}>
          End the old key now
        </Button>
      }
    >
      Its old key still works until {old.expiresAt === undefined ? 'it is deleted' : soonWords(old.expiresAt, nowMs())}.
      End that first.
      {write.words !== undefined && <> {write.words}</>}
      {write.error !== undefined && <Refusal error={write.error} />}
    </Note>
  );
}
