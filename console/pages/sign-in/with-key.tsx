// With a Starknet private key. The field is read and emptied; its text is in the worker, and in no state of the page.
import { type FormEvent, useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { createClient } from '../../../src/client/create-client.ts';
import { publicClient, signIn } from '../../app/session/session.tsx';
import { Button } from '../../parts/button.tsx';
import { Checkbox } from '../../parts/checkbox.tsx';
import { Live } from '../../parts/live.tsx';
import { Refusal } from '../../parts/refusal.tsx';
import { SecretField } from '../../parts/secret-field.tsx';
import { ShortId } from '../../parts/short-id.tsx';
import { type MainKeyHandle, openMainKey, readyMainKey } from '../../worker/main-key.ts';
import { MainKeyRefused } from '../../worker/main-key-refused.ts';
import { createKeySteps } from './key-steps.ts';
import css from './sign-in.module.css';
import { Buttons, Step } from './step.tsx';
import { untilLetIn } from './until-let-in.ts';

const TYPING_MS = 400;

const stepsFor = (only: string | undefined, tell: (words: string | undefined) => void) =>
  createKeySteps<MainKeyHandle>({
    only,
    openKey: openMainKey,
    ofKey: (publicKey) => untilLetIn(() => publicClient.account.of({ public_key: publicKey }), tell),
    async isSubkeyOf(key, account) {
      const client = createClient({ url: location.origin, auth: key.auth(account) });
      return (await client.account.self()).kind === 'subkey';
    },
    wordsOf: (error) => (error instanceof MainKeyRefused && error.because !== 'broken' ? error.message : undefined),
    signIn: (owner, signal) => untilLetIn(() => signIn(owner, { signal }), tell),
  });

export interface WithKeyProps {
  /** Of a form whose session ended: no other account will do. */
  only?: string | undefined;
  onBack?: (() => void) | undefined;
}

export function WithKey({ only, onBack }: WithKeyProps) {
  const [waiting, setWaiting] = useState<string>();
  const [steps] = useState(() => stepsFor(only, setWaiting));
  useEffect(() => () => steps.end(), [steps]);
  useEffect(readyMainKey, []);
  const { account, wrong, error, isBusy } = useSyncExternalStore(steps.subscribe, steps.getState);
  const [keep, setKeep] = useState(true);
  const field = useRef<HTMLInputElement>(null);
  const typing = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(typing.current), []);

  const typed = () => {
    clearTimeout(typing.current);
    steps.changed();
    typing.current = setTimeout(() => void steps.look(field.current?.value ?? ''), TYPING_MS);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isBusy) return;
    clearTimeout(typing.current);
    const emptied = () => {
      if (field.current !== null) field.current.value = '';
    };
    void steps.signIn(field.current?.value ?? '', keep, emptied);
  };
  return (
    <Step title="Starknet private key" onBack={onBack} bare={only !== undefined}>
      <form noValidate autoComplete="off" className={css.stack} onSubmit={submit}>
        <SecretField
          autoFocus
          label="Private key"
          hint="0x and up to 64 characters. We derive your account from it."
          error={wrong}
          inputRef={field}
          onInput={typed}
        />
        <div className={css.account}>
          <Live>
            {account !== undefined && (
              <>
                Account <ShortId value={account.address} />,{' '}
                {account.exists ? 'known here' : 'not known here yet: it will be made'}
              </>
            )}
          </Live>
        </div>
        <Checkbox
          label="Keep it in this tab until I sign out or close it"
          hint="Otherwise you paste it again for each new key."
          checked={keep}
          onChange={setKeep}
        />
        {error !== undefined && <Refusal error={error} />}
        <Live>{waiting}</Live>
        <Buttons>
          <Button kind="primary" type="submit" busy={isBusy}>
            Sign in
          </Button>
        </Buttons>
      </form>
    </Step>
  );
}
