// One code, from the question to the saved key.
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { CountersignError, isCode, NoAnswer } from '../../../src/client/errors.ts';
import { type Secret, secretsOfAnswer } from '../../app/secret.ts';
import { publicClient } from '../../app/session/session.tsx';
import { Button } from '../../parts/button.tsx';
import { useStay } from '../../parts/leaving.ts';
import { Note } from '../../parts/note.tsx';
import { Refusal } from '../../parts/refusal.tsx';
import { ShortId } from '../../parts/short-id.tsx';
import { useWiped } from '../../parts/use-wiped.ts';
import { SecretToKeep } from '../save-secret/secret-to-keep.tsx';
import { useSecret } from '../save-secret/use-secret.ts';
import css from './page.module.css';

interface Taken {
  readonly secret: Secret;
  readonly publicKey: string;
}

type Step =
  | { readonly is: 'asked' }
  | { readonly is: 'taking' }
  | { readonly is: 'refused'; readonly error: unknown }
  /** It was used, and an answer that this page asked for got lost. */
  | { readonly is: 'lost' }
  | { readonly is: 'taken'; readonly taken: Taken }
  | { readonly is: 'done' }
  | { readonly is: 'declined' };

interface TakeKeyProps {
  /** The link, or its fragment. Undefined: there is no code, or a damaged one. */
  link: Secret | undefined;
  account: string;
}

export function TakeKey({ link, account }: TakeKeyProps) {
  const [step, setStep] = useState<Step>({ is: 'asked' });
  const isTaking = useRef(false);
  const isShown = useRef(false);
  useEffect(() => {
    isShown.current = true;
    return () => {
      isShown.current = false;
    };
  }, []);
  const isGone = useWiped(link);
  /** The answer to a tap got lost: it may be this page that has used the code. */
  const isUncertain = useRef(false);
  const question = useRef<HTMLHeadingElement>(null);
  const mayTry = step.is !== 'refused' || mayTryAgain(step.error);
  // The button that was tapped is gone then.
  useEffect(() => {
    if (!mayTry) question.current?.focus();
  }, [mayTry]);

  async function take(): Promise<void> {
    if (isTaking.current || link === undefined || link.wiped) return;
    isTaking.current = true;
    setStep({ is: 'taking' });
    try {
      // Before anything is sent it is certain that nothing was: afterwards no browser says so.
      if (!navigator.onLine) throw new NoAnswer('the device is offline', 'unsent');
      const secretOf = secretsOfAnswer();
      const taken = await publicClient.subkeys.takeHandOff(link.read());
      const secret = secretOf(taken.private_key);
      // Nothing else would wipe what comes after another code was opened.
      if (!isShown.current) secret.wipe();
      link.wipe();
      setStep({ is: 'taken', taken: { secret, publicKey: taken.public_key } });
    } catch (error) {
      const isLost = isUncertain.current && isCode(error, 'SUBKEY_ALREADY_ACTIVATED');
      if (error instanceof NoAnswer && error.phase !== 'unsent') isUncertain.current = true;
      if (isLost) link.wipe();
      setStep(isLost ? { is: 'lost' } : { is: 'refused', error });
    } finally {
      isTaking.current = false;
    }
  }

  function decline(): void {
    link?.wipe();
    setStep({ is: 'declined' });
  }

  if (link === undefined) {
    return (
      <Said title="Take a subkey">
        <Note kind="bad">The code is damaged. Scan it again.</Note>
      </Said>
    );
  }
  if (step.is === 'taken')
    return <SaveIt taken={step.taken} account={account} onDone={() => setStep({ is: 'done' })} />;
  if (step.is === 'done') return <Said title="It is on this device now">You can close this page.</Said>;
  if (step.is === 'declined') return <Said title="Nothing was done">You can close this page.</Said>;
  if (step.is === 'lost') {
    return (
      <Said title="The key got lost on the way">
        <Note kind="bad">
          The code was used, most likely by this phone, but the key did not arrive. Delete it on your computer and make
          a new code.
        </Note>
      </Said>
    );
  }
  if (isGone && step.is !== 'taking') {
    return (
      <Said title="The code is no longer in this page">The page was left. Nothing was taken: scan the code again.</Said>
    );
  }
  return (
    <>
      <div>
        <h1 ref={question} tabIndex={-1} className={css.question}>
          Take a subkey of <ShortId value={account} /> onto this device?
        </h1>
        <p className={css.lead}>It can trade. It cannot withdraw.</p>
      </div>
      {mayTry && (
        <Note kind="neutral">
          Only go on if <strong>you</strong> are showing this code on your own screen right now. It works once.
        </Note>
      )}
      {step.is === 'refused' && (
        <div className={css.refused}>
          <Refusal error={step.error} context={{ of: 'taking-a-hand-off' }} />
        </div>
      )}
      {mayTry && (
        <div className={css.buttons}>
          <Button kind="primary" busy={step.is === 'taking'} onPress={() => void take()}>
            Take the key
          </Button>
          <Button
            kind="quiet"
            disabledBecause={step.is === 'taking' ? 'It is being taken.' : undefined}
            onPress={decline}
          >
            No, do nothing
          </Button>
        </div>
      )}
      {mayTry && <p className={css.small}>The code runs out 2 minutes after it was made.</p>}
    </>
  );
}

/** Everything else is an answer about the code. */
const mayTryAgain = (error: unknown): boolean =>
  error instanceof NoAnswer || (error instanceof CountersignError && (error.status === 429 || error.status >= 500));

function SaveIt({ taken, account, onDone }: { taken: Taken; account: string; onDone: () => void }) {
  const { secret, publicKey } = taken;
  const [saved, setSaved] = useState(false);
  const wiped = useSecret(secret);
  const heading = useRef<HTMLHeadingElement>(null);
  useStay(!wiped);
  useEffect(() => heading.current?.focus(), []);
  if (wiped) {
    return (
      <Said title="It is no longer in this page">
        The page was left, and what it held was removed. If you have not saved the key, delete it on your computer.
      </Said>
    );
  }
  const done = () => {
    onDone();
    secret.wipe();
  };
  return (
    <>
      <div>
        <h1 ref={heading} tabIndex={-1}>
          Save your subkey now
        </h1>
        <p className={css.lead}>We do not keep it. Once you close this, nobody can show it again.</p>
      </div>
      <SecretToKeep
        kind="subkey"
        secret={secret}
        account={account}
        publicKey={publicKey}
        saved={saved}
        onSaved={setSaved}
      />
      <div className={css.buttons}>
        <Button
          kind="primary"
          disabledBecause={saved ? undefined : 'First say that you have saved it: nobody can show it again.'}
          onPress={done}
        >
          Done
        </Button>
      </div>
      <p className={css.small}>Closing removes it from this page.</p>
    </>
  );
}

function Said({ title, children }: { title: string; children: ReactNode }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <div>
      <h1 ref={heading} tabIndex={-1}>
        {title}
      </h1>
      <div className={css.lead}>{children}</div>
    </div>
  );
}
