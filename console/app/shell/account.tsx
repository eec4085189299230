// Whose account it is, until when this browser is signed in, and the way out.
import { useState } from 'react';
import { Button } from '../../parts/button.tsx';
import { ShortId } from '../../parts/short-id.tsx';
import { hourAndMinute, toNs } from '../../words/times.ts';
import { type SignedIn, signOut } from '../session/session.tsx';
import css from './account.module.css';
import { ThemeControl } from './theme-control.tsx';

const kindWords = { wallet: 'Wallet account', starknet: 'Starknet account' } as const;

export interface AccountProps {
  signedIn: SignedIn;
  /** Opens the table of keys. */
  onKeyboard: () => void;
  onLeave?: (() => void) | undefined;
}

export function Account({ signedIn, onKeyboard, onLeave }: AccountProps) {
  const [leaving, setLeaving] = useState(false);
  const leave = async () => {
    setLeaving(true);
    onLeave?.();
    await signOut();
  };
  return (
    <div className={css.account}>
      <div className={css.id}>
        <ShortId value={signedIn.account} copies />
      </div>
      <div className={css.line}>{kindWords[signedIn.kind]}</div>
      <div className={css.line}>
        Signed in until{' '}
        <time dateTime={signedIn.endsAt.toISOString()}>{hourAndMinute(toNs(signedIn.endsAt.getTime()))}</time>
      </div>
      <div className={css.out}>
        <Button kind="quiet" small busy={leaving} onPress={() => void leave()}>
          Sign out
        </Button>
        <Button kind="quiet" small onPress={onKeyboard}>
          Keyboard
        </Button>
      </div>
      <ThemeControl />
    </div>
  );
}
