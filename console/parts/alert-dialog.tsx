// A question with two answers. Focus stands on the one that changes nothing, and Esc gives it.
import { AlertDialog as Base } from '@base-ui/react/alert-dialog';
import { type ReactNode, useRef } from 'react';
import { Button } from './button.tsx';
import { classNames } from './class-names.ts';
import css from './dialog.module.css';
import { useOpener } from './opener.ts';

export interface AlertDialogProps {
  open: boolean;
  title: ReactNode;
  /** The button that changes nothing. */
  keep: string;
  /** The button that acts; while `busy`, what it is doing. */
  action: string;
  onKeep: () => void;
  onAct: () => void;
  busy?: boolean | undefined;
  actKind?: 'destroy' | 'primary' | undefined;
  /** A sentence: it cannot be pressed yet. */
  actDisabledBecause?: string | undefined;
  /** Where focus goes when it closes; what opened it has it where this gives nothing. */
  returnTo?: (() => HTMLElement | null | undefined) | undefined;
  children?: ReactNode;
}

export function AlertDialog(props: AlertDialogProps) {
  const { open, title, keep, action, onKeep, onAct, busy = false, actKind = 'destroy', children } = props;
  const safe = useRef<HTMLButtonElement>(null);
  const opener = useOpener(open);
  return (
    <Base.Root
      open={open}
      onOpenChange={(next, details) => {
        if (next) return;
        details.cancel();
        if (!busy) onKeep();
      }}
    >
      <Base.Portal>
        <Base.Backdrop forceRender className={css.backdrop} />
        <Base.Viewport className={css.viewport}>
          <Base.Popup
            className={classNames(css.popup, css.narrow)}
            initialFocus={safe}
            finalFocus={() => props.returnTo?.() ?? opener()}
            aria-busy={busy || undefined}
          >
            <div className={css.head}>
              <Base.Title className={css.title}>{title}</Base.Title>
            </div>
            {children !== undefined && <div className={css.body}>{children}</div>}
            <div className={css.foot}>
              <Button buttonRef={safe} onPress={busy ? undefined : onKeep}>
                {keep}
              </Button>
              <Button kind={actKind} busy={busy} disabledBecause={props.actDisabledBecause} onPress={onAct}>
                {action}
              </Button>
            </div>
          </Base.Popup>
        </Base.Viewport>
      </Base.Portal>
    </Base.Root>
  );
}
