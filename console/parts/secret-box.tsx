// A secret: dots, until somebody wants to see it. Its text is in the document only while it is shown, and never in what React keeps.
import { type Ref, useEffect, useRef, useState } from 'react';
import { clock, toNs } from '../words/times.ts';
import { Button } from './button.tsx';
import { classNames } from './class-names.ts';
import { CopyButton } from './copy-button.tsx';
import { Live } from './live.tsx';
import css from './secret-box.module.css';
import { useWiped, type Wipeable } from './use-wiped.ts';

export interface SecretBoxProps {
  secret: Wipeable & { read(): string };
  label: string;
  /** What to do once it was wiped, in a sentence. */
  gone?: string | undefined;
  /** It is shown from the beginning. */
  shown?: boolean | undefined;
  onCopied?: (() => void) | undefined;
  /** For a dialog that opens with focus on Copy. */
  copyRef?: Ref<HTMLButtonElement> | undefined;
}

export function SecretBox(props: SecretBoxProps) {
  return useWiped(props.secret) ? <Gone {...props} /> : <Kept {...props} />;
}

function Gone({ label, gone }: SecretBoxProps) {
  return (
    <div className={css.whole}>
      <div className={css.label}>{label}</div>
      <div className={css.box}>
        <span className={css.gone}>No longer in this page</span>
      </div>
      <div className={css.said}>
        <Live>The page was left, and what it held was removed.{gone !== undefined && <> {gone}</>}</Live>
      </div>
    </div>
  );
}

function Kept({ secret, label, shown: atFirst = false, onCopied, copyRef }: SecretBoxProps) {
  const [shown, setShown] = useState(atFirst);
  const [said, setSaid] = useState('');
  const [refused, setRefused] = useState(false);
  const text = useRef<HTMLElement>(null);
  useEffect(() => {
    const element = text.current;
    if (element === null || !shown || secret.wiped) return;
    element.textContent = secret.read();
    if (refused) getSelection()?.selectAllChildren(element);
    return () => {
      element.textContent = '';
    };
  }, [secret, shown, refused]);
  const copied = () => {
    setSaid(`Copied at ${clock(toNs(Date.now()))}. Paste it where it belongs, then copy something else.`);
    onCopied?.();
  };
  const notCopied = () => {
    setRefused(true);
    setShown(true);
    setSaid('Your browser would not copy it. It is selected: press Ctrl+C.');
  };
  return (
    <div className={css.whole}>
      <div className={css.label}>{label}</div>
      <div className={classNames(css.box, shown && css.open)}>
        {shown ? (
          <code ref={text} className={css.text} />
        ) : (
          <span className={css.dots} aria-hidden="true">
            {'•'.repeat(40)}
          </span>
        )}
        <div className={css.buttons}>
          <Button
            small
            icon="eye"
            aria-expanded={shown}
            aria-label={`${shown ? 'Hide' : 'Show'} ${label}`}
            onPress={() => setShown(!shown)}
          >
            {shown ? 'Hide' : 'Show'}
          </Button>
          <CopyButton
            label={`Copy ${label}`}
            kind="primary"
            buttonRef={copyRef}
            read={() => secret.read()}
            onCopied={copied}
            onRefused={notCopied}
          >
            Copy
          </CopyButton>
        </div>
      </div>
      <div className={css.said}>
        <Live>{said}</Live>
      </div>
    </div>
  );
}
