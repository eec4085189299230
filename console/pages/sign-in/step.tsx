// The box that a step of signing in stands in, with the way back.
import { type ReactNode, useEffect, useRef } from 'react';
import { Button } from '../../parts/button.tsx';
import css from './sign-in.module.css';

export interface StepProps {
  title: string;
  /** Absent: there is nowhere to go back to. */
  onBack?: (() => void) | undefined;
  /** In a dialog, which has a frame of its own. */
  bare?: boolean | undefined;
  /** Of a way of several steps: focus follows when it changes, for what was pressed is gone. */
  at?: string | undefined;
  children: ReactNode;
}

export function Step({ title, onBack, bare = false, at, children }: StepProps) {
  const box = useRef<HTMLElement>(null);
  const last = useRef(at);
  useEffect(() => {
    if (at !== undefined && last.current !== at) box.current?.focus();
    last.current = at;
  }, [at]);
  return (
    <section
      ref={box}
      className={bare ? css.inDialog : css.step}
      tabIndex={at === undefined ? undefined : -1}
      aria-label={at === undefined ? undefined : title}
    >
      {(!bare || onBack !== undefined) && (
        <div className={css.head}>
          {onBack !== undefined && (
            <Button small kind="quiet" icon="back" aria-label="Back to the step before" onPress={onBack} />
          )}
          {!bare && <h2>{title}</h2>}
        </div>
      )}
      {children}
    </section>
  );
}

export function Buttons({ children }: { children: ReactNode }) {
  return <div className={css.buttons}>{children}</div>;
}
