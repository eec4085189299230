// What a phone opens: it takes a subkey, when the person says so. No bars, no links, no device, and nothing is sent before the tap.
import { useEffect, useSyncExternalStore } from 'react';
import { readHandOff } from '../../../src/client/hand-off.ts';
import { onFragment, takeFragment } from '../../app/hand-off-fragment.ts';
import { createSecret, type Secret, wipeAllSecrets } from '../../app/secret.ts';
import { Mark } from '../../app/shell/mark.tsx';
import css from './page.module.css';
import { TakeKey } from './take-key.tsx';

interface Code {
  /** Of the codes that this page was opened with. */
  readonly number: number;
  /** Undefined: there is none, or it is damaged. */
  readonly link: Secret | undefined;
  readonly account: string;
}

let code: Code = { number: 0, link: undefined, account: '' };

/** The one that was opened last. */
function lastCode(): Code {
  const text = takeFragment();
  if (text === undefined) return code;
  code.link?.wipe();
  const number = code.number + 1;
  try {
    const { account } = readHandOff(text);
    code = { number, link: createSecret(text), account };
  } catch {
    code = { number, link: undefined, account: '' };
  }
  return code;
}

export default function HandOffPage() {
  const { number, link, account } = useSyncExternalStore(onFragment, lastCode);
  useEffect(() => {
    document.title = 'Take a subkey · Countersign';
    addEventListener('pagehide', wipeAllSecrets);
    return () => removeEventListener('pagehide', wipeAllSecrets);
  }, []);
  return (
    <main className={css.page}>
      <p className={css.brand}>
        <Mark />
        Countersign
      </p>
      <TakeKey key={number} link={link} account={account} />
    </main>
  );
}
