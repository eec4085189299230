// After everything was signed out: when one can sign in again, counted down.
import { useEffect, useState } from 'react';
import { publicClient, signOut } from '../../app/session/session.tsx';
import { Button } from '../../parts/button.tsx';
import { Live } from '../../parts/live.tsx';
import { VisuallyHidden } from '../../parts/visually-hidden.tsx';
import { isReadOut } from '../../words/countdown.ts';
import { secondsToSignIn } from '../../words/receipts.ts';
import css from './sign-in-again.module.css';

/** Unix milliseconds of this machine. The server's clock says how long; this machine's may be off, and measures it alone. */
export async function signInAgainAt(validAfter: bigint): Promise<number> {
  const asked = Date.now();
  const server = await publicClient.account.time().catch(() => new Date(asked));
  return Date.now() + secondsToSignIn(validAfter, server.getTime()) * 1000;
}

export function SignInAgain({ at }: { readonly at: number }) {
  const [now, setNow] = useState(Date.now);
  const seconds = Math.max(0, Math.ceil((at - now) / 1000));
  const isOver = seconds === 0;
  useEffect(() => {
    if (isOver) return;
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [isOver]);
  const words = isOver ? 'You can sign in again now.' : `You can sign in again in ${seconds} s.`;
  return (
    <div className={css.again}>
      <p>{words}</p>
      <VisuallyHidden>
        <Live>{isReadOut(seconds) ? words : ''}</Live>
      </VisuallyHidden>
      <Button kind="primary" disabledBecause={isOver ? undefined : words} onPress={() => void signOut()}>
        Sign in
      </Button>
    </div>
  );
}
