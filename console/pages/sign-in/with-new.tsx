// A new account: its key is made in the worker, and nothing is made at the server before the person has shown that they have saved it.
import { useEffect, useEffectEvent, useRef, useState } from 'react';
import type { Secret } from '../../app/secret.ts';
import { signIn } from '../../app/session/session.tsx';
import { AlertDialog } from '../../parts/alert-dialog.tsx';
import { Button } from '../../parts/button.tsx';
import { Checkbox } from '../../parts/checkbox.tsx';
import { useStay } from '../../parts/leaving.ts';
import { Note } from '../../parts/note.tsx';
import { Refusal } from '../../parts/refusal.tsx';
import { SecretBox } from '../../parts/secret-box.tsx';
import { SecretField } from '../../parts/secret-field.tsx';
import { Skeleton } from '../../parts/skeleton.tsx';
import { type MainKeyHandle, openMainKey } from '../../worker/main-key.ts';
import css from './sign-in.module.css';
import { Buttons, Step } from './step.tsx';

interface Made {
  readonly key: MainKeyHandle;
  readonly secret: Secret;
}

export function WithNew({ onBack }: { onBack: () => void }) {
  const [made, setMade] = useState<Made>();
  const [error, setError] = useState<unknown>();
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
      // Once it has signed in, it is the session's.
      if (!isTaken(key)) key.close();
    };
  }, []);
  return (
    <Step title="New account" onBack={made === undefined ? onBack : undefined}>
      <Note kind="warn" title="This key is your account.">
        Whoever has it can withdraw. There is no way to reset it.
      </Note>
      {error !== undefined && <Refusal error={error} />}
      {made === undefined && error === undefined && <Skeleton rows={2} />}
      {made !== undefined && <Save {...made} onBack={onBack} />}
    </Step>
  );
}

const taken = new WeakSet<MainKeyHandle>();
const isTaken = (key: MainKeyHandle): boolean => taken.has(key);

function Save({ key: _, secret, onBack, ...rest }: Made & { onBack: () => void }) {
  return null;
}
