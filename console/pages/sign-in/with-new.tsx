// A new account: its key is made in the worker, and nothing is made at the server before the person has shown that they have saved it.
import { type FormEvent, type RefObject, useEffect, useRef, useState } from 'react';
import type { Secret } from '../../app/secret.ts';
import { signIn } from '../../app/session/session.tsx';
import { AlertDialog } from '../../parts/alert-dialog.tsx';
import { Button } from '../../parts/button.tsx';
import { Checkbox } from '../../parts/checkbox.tsx';
import { useStay } from '../../parts/leaving.ts';
import { Live } from '../../parts/live.tsx';
import { Note } from '../../parts/note.tsx';
import { Refusal } from '../../parts/refusal.tsx';
import { SecretBox } from '../../parts/secret-box.tsx';
import { SecretField } from '../../parts/secret-field.tsx';
import { Skeleton } from '../../parts/skeleton.tsx';
import { useWiped } from '../../parts/use-wiped.ts';
import { type MainKeyHandle, openMainKey } from '../../worker/main-key.ts';
import { downloadText } from '../save-secret/download-text.ts';
import css from './sign-in.module.css';
import { Buttons, Step } from './step.tsx';
import { untilLetIn } from './until-let-in.ts';

interface Made {
  readonly key: MainKeyHandle;
  readonly secret: Secret;
}

export function WithNew({ onBack }: { onBack: () => void }) {
  const [made, setMade] = useState<Made>();
  const [error, setError] = useState<unknown>();
  /** Then the key is the session's. */
  const isIn = useRef(false);
  useEffect(() => {
    const key = openMainKey();
    let isOver = false;
    const making = async () => {
      await key.make();
      const secret = await key.reveal();
      if (isOver) secret.wipe();
      else setMade({ key, secret });
    };
    making().catch((thrown: unknown) => isOver || setError(thrown));
    return () => {
      isOver = true;
      // What has just signed in changes the session first, and tells of it afterwards.
      setTimeout(() => {
        if (!isIn.current) key.close();
      }, 0);
    };
  }, []);
  // What is not saved is wiped with the step.
  useEffect(() => () => made?.secret.wipe(), [made]);
  if (made !== undefined) return <Save made={made} isIn={isIn} onBack={onBack} />;
  return (
    <Step title="New account" onBack={onBack}>
      {error === undefined ? (
        <div className={css.coming}>
          <Skeleton rows={2} />
        </div>
      ) : (
        <Refusal error={error} />
      )}
    </Step>
  );
}

const SAVE_IT = 'Save the key in two places first, and say so above.';
const FOUR = 'The last four characters of the key are missing.';

/** Whether `typed` was read from where the key was saved: its end, or all of it. */
function isEndOf(secret: Secret, typed: string): boolean {
  const end = typed.trim().toLowerCase();
  return end.length >= 4 && !secret.wiped && secret.read().endsWith(end);
}

interface SaveProps {
  made: Made;
  isIn: RefObject<boolean>;
  onBack: () => void;
}

function Save({ made: { key, secret }, isIn, onBack }: SaveProps) {
  const [isSaved, setIsSaved] = useState(false);
  const [isShown, setIsShown] = useState(false);
  const [wrong, setWrong] = useState<string>();
  const [error, setError] = useState<unknown>();
  const [isBusy, setIsBusy] = useState(false);
  const [waiting, setWaiting] = useState<string>();
  const [isLeaving, setIsLeaving] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const stop = useRef<AbortController>(undefined);
  useEffect(() => () => stop.current?.abort(), []);
  const isGone = useWiped(secret) && !isBusy;
  useStay(!isBusy && !isGone, () => setIsLeaving(true));

  const typed = () => {
    setWrong(undefined);
    setIsShown(isEndOf(secret, field.current?.value ?? ''));
  };
  const make = async () => {
    setError(undefined);
    setIsBusy(true);
    const stopping = new AbortController();
    stop.current = stopping;
    const { signal } = stopping;
    try {
      await key.saved();
      await untilLetIn(() => signIn({ by: 'key', key, keep: true }, { signal }), setWaiting);
      isIn.current = true;
    } catch (thrown) {
      setError(thrown);
      setIsBusy(false);
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isBusy) return;
    const shown = isEndOf(secret, field.current?.value ?? '');
    setWrong(shown ? undefined : 'Those are not the last characters of this key.');
    if (isSaved && shown) void make();
  };
  const file = () =>
    downloadText('countersign-main-key.txt', `Main private key at ${location.host}\n${secret.read()}\n`);
  if (isGone) {
    return (
      <Step title="New account" onBack={onBack}>
        <Note kind="bad" title="It is no longer in this page." live>
          The page was left, and the key was removed from it. If you have not saved it, go back and make another.
        </Note>
      </Step>
    );
  }
  return (
    <Step title="New account" onBack={() => setIsLeaving(true)}>
      <Note kind="warn" title="This key is your account.">
        Whoever has it can withdraw. There is no way to reset it.
      </Note>
      <SecretBox secret={secret} label="Main private key" />
      <Buttons>
        <Button icon="download" onPress={file}>
          Download
        </Button>
      </Buttons>
      <form noValidate autoComplete="off" className={css.stack} onSubmit={submit}>
        <Checkbox label="I have saved it in two places" checked={isSaved} onChange={setIsSaved} />
        <SecretField
          label="Its last four characters"
          hint="Pasted or typed from where you saved it."
          error={wrong}
          inputRef={field}
          onInput={typed}
        />
        {error !== undefined && <Refusal error={error} />}
        <Live>{waiting}</Live>
        <Buttons>
          <Button
            kind="primary"
            type="submit"
            busy={isBusy}
            disabledBecause={isSaved ? (isShown ? undefined : FOUR) : SAVE_IT}
          >
            Make the account
          </Button>
        </Buttons>
      </form>
      <AlertDialog
        open={isLeaving}
        title="You have not saved the key. Leave anyway?"
        keep="Stay"
        action="Leave"
        onKeep={() => setIsLeaving(false)}
        onAct={onBack}
      />
    </Step>
  );
}
