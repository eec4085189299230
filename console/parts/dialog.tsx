// A dialog. What was typed in one is not lost by Esc, a click beside it, Back or a reload; a sealed one is left by its own buttons alone.
import { Dialog as Base } from '@base-ui/react/dialog';
import { type FormEvent, type ReactNode, type RefObject, useEffect, useRef, useState } from 'react';
import { AlertDialog } from './alert-dialog.tsx';
import { classNames } from './class-names.ts';
import css from './dialog.module.css';
import { Icon } from './icon.tsx';
import { useStay } from './leaving.ts';
import { useOpener } from './opener.ts';

export interface DialogProps {
  open: boolean;
  title: ReactNode;
  /** The line under the title. */
  about?: ReactNode;
  /** After Esc, a click beside it or the cross, and after "Throw away" where it holds something. */
  onClose: () => void;
  /** Something was typed: closing asks "Throw this away?" first, and so do Back and a reload. */
  holds?: boolean | undefined;
  /** It has no cross, and neither Esc, a click beside it nor Back closes it; a reload asks. */
  sealed?: boolean | undefined;
  size?: '560' | '480' | undefined;
  /** The buttons, at the right; text before them stands at the left in `<DialogFootText>`. */
  footer?: ReactNode;
  /** Has focus at first; the first field does where it says nothing. */
  initialFocus?: RefObject<HTMLElement | null> | undefined;
  /** Something runs: it cannot be closed from outside, and `onSubmit` waits. */
  busy?: boolean | undefined;
  /** It closes because another dialog opens in its place, which has focus. */
  followed?: boolean | undefined;
  /** The body and the footer are one form; a submit button or Enter in a field sends it. */
  onSubmit?: (() => void) | undefined;
  children?: ReactNode;
}

/** Of radios the one that is chosen: the arrows go on from there. */
const FIELD = 'input:enabled:is(:checked, :not([type="radio"])), select:enabled, textarea:enabled';

/** What took focus by itself when it came. */
function focusedIn(popup: HTMLElement | null): HTMLElement | undefined {
  const { activeElement } = document;
  const isIn = activeElement instanceof HTMLElement && activeElement !== popup && popup?.contains(activeElement);
  return isIn === true ? activeElement : undefined;
}

/** Where an open dialog turns into another one, and the button that had focus is gone, its new title has focus. */
function useTitleFocus(title: ReactNode, popup: RefObject<HTMLElement | null>): RefObject<HTMLHeadingElement | null> {
  const heading = useRef<HTMLHeadingElement>(null);
  const words = typeof title === 'string' ? title : undefined;
  const before = useRef(words);
  useEffect(() => {
    if (before.current === words) return undefined;
    before.current = words;
    // The popup takes lost focus itself, a frame later.
    const frame = requestAnimationFrame(() => {
      const { activeElement } = document;
      if (activeElement === document.body || activeElement === popup.current) heading.current?.focus();
    });
    return () => cancelAnimationFrame(frame);
  }, [words, popup]);
  return heading;
}

export function Dialog(props: DialogProps) {
  const { open, title, about, onClose, holds = false, sealed = false, size = '560', footer, busy = false } = props;
  const [asking, setAsking] = useState(false);
  const thrown = useRef(false);
  const popup = useRef<HTMLDivElement>(null);
  const close = useRef<HTMLButtonElement>(null);
  const opener = useOpener(open);
  const heading = useTitleFocus(title, popup);
  const tryToClose = () => {
    if (sealed || busy) return;
    if (holds) {
      thrown.current = false;
      setAsking(true);
    } else onClose();
  };
  useStay(open && (holds || sealed), tryToClose);
  const first = () =>
    props.initialFocus?.current ??
    focusedIn(popup.current) ??
    popup.current?.querySelector<HTMLElement>(FIELD) ??
    popup.current?.querySelector<HTMLElement>('input:enabled') ??
    popup.current?.querySelector<HTMLElement>(`.${css.foot} button`) ??
    close.current ??
    true;
  const inside = (
    <>
      <div className={css.body}>{props.children}</div>
      {footer !== undefined && <div className={css.foot}>{footer}</div>}
    </>
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!busy) props.onSubmit?.();
  };
  return (
    <Base.Root
      open={open}
      disablePointerDismissal={sealed}
      onOpenChange={(next, details) => {
        if (next) return;
        details.cancel();
        tryToClose();
      }}
    >
      <Base.Portal>
        <Base.Backdrop className={css.backdrop} />
        <Base.Viewport className={css.viewport}>
          <Base.Popup
            ref={popup}
            className={classNames(css.popup, size === '480' && css.narrow)}
            initialFocus={first}
            finalFocus={props.followed === true ? false : opener}
            aria-busy={busy || undefined}
          >
            <div className={css.head}>
              <div>
                <Base.Title ref={heading} tabIndex={-1} className={css.title}>
                  {title}
                </Base.Title>
                {about !== undefined && <Base.Description className={css.about}>{about}</Base.Description>}
              </div>
              {!sealed && (
                <Base.Close ref={close} className={css.close} aria-label="Close">
                  <Icon name="close" size={18} />
                </Base.Close>
              )}
            </div>
            {props.onSubmit === undefined ? (
              inside
            ) : (
              <form noValidate autoComplete="off" onSubmit={submit}>
                {inside}
              </form>
            )}
            <AlertDialog
              open={asking}
              title="Throw this away?"
              keep="Keep editing"
              action="Throw away"
              actKind="destroy"
              returnTo={() => {
                const to = thrown.current ? opener() : undefined;
                return to === true ? undefined : to;
              }}
              onKeep={() => setAsking(false)}
              onAct={() => {
                thrown.current = true;
                setAsking(false);
                onClose();
              }}
            />
          </Base.Popup>
        </Base.Viewport>
      </Base.Portal>
    </Base.Root>
  );
}

/** Text at the left of a dialog's buttons. */
export function DialogFootText({ children }: { children: ReactNode }) {
  return <span className={css.footText}>{children}</span>;
}
