// The box that a step of signing in stands in, with the way back.
import type { ReactNode } from 'react';
import { Button } from '../../parts/button.tsx';
import css from './sign-in.module.css';

export interface StepProps {
  title: string;
  /** Absent: there is nowhere to go back to. */
  onBack?: (() => void) | undefined;
  /** In a dialog, which has a frame of its own. */
  bare?: boolean | undefined;
  children: ReactNode;
}

export function Step({ title, onBack, bare = false, children }: StepProps) {
  return (
    <div className={bare ? css.inDialog : css.step}>
      {(!bare || onBack !== undefined) && (
        <div className={css.head}>
          {onBack !== undefined && (
            <Button small kind="quiet" icon="back" aria-label="Back to the step before" onPress={onBack} />
          )}
          {!bare && <h2>{title}</h2>}
        </div>
      )}
      {children}
    </div>
  );
}

export function Buttons({ children }: { children: ReactNode }) {
  return <div className={css.buttons}>{children}</div>;
}
