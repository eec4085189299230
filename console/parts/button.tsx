// Every button. One that cannot be pressed stays reachable and says why.
import type { MouseEvent, ReactNode, Ref } from 'react';
import { useId } from 'react';
import css from './button.module.css';
import { classNames } from './class-names.ts';
import { Icon, type IconName } from './icon.tsx';
import { Tooltip } from './tooltip.tsx';
import { VisuallyHidden } from './visually-hidden.tsx';

export type ButtonKind = 'plain' | 'primary' | 'destroy' | 'quiet';

export interface ButtonProps {
  children?: ReactNode;
  kind?: ButtonKind | undefined;
  type?: 'button' | 'submit' | undefined;
  /** While it is true, presses do nothing. */
  busy?: boolean | undefined;
  /** A sentence: the button cannot be pressed, and this is why. */
  disabledBecause?: string | undefined;
  icon?: IconName | undefined;
  onPress?: (() => void) | undefined;
  /** 32 px high: within a box, a row or a note. */
  small?: boolean | undefined;
  /** A quiet one that ends something: red on hover and focus. */
  danger?: boolean | undefined;
  /** A quiet one in front: its words begin where those above it do. */
  edge?: boolean | undefined;
  buttonRef?: Ref<HTMLButtonElement> | undefined;
  /** Contains the visible words: "Delete market maker 1". */
  'aria-label'?: string | undefined;
  'aria-describedby'?: string | undefined;
  'aria-expanded'?: boolean | undefined;
  'aria-haspopup'?: 'dialog' | 'menu' | undefined;
  /** "n" on "+ Add New Key": the shortcut presses the button that carries it. */
  'aria-keyshortcuts'?: string | undefined;
}

export function Button(props: ButtonProps) {
  const { kind = 'plain', busy = false, disabledBecause, icon } = props;
  const why = useId();
  const off = disabledBecause !== undefined;
  // A submit button that is off or busy must not send its form, by a click or by Enter in a field.
  const press = (event: MouseEvent) => {
    if (off || busy) event.preventDefault();
    else props.onPress?.();
  };
  const button = (
    <button
      ref={props.buttonRef}
      type={props.type ?? 'button'}
      className={classNames(
        css.button,
        kind !== 'plain' && css[kind],
        props.small && css.small,
        props.danger && css.danger,
        props.edge && css.edge,
        icon === undefined && css.bare,
      )}
      aria-disabled={off || undefined}
      aria-busy={busy || undefined}
      aria-label={props['aria-label']}
      aria-expanded={props['aria-expanded']}
      aria-haspopup={props['aria-haspopup']}
      aria-keyshortcuts={props['aria-keyshortcuts']}
      aria-describedby={classNames(props['aria-describedby'], off && why) || undefined}
      onClick={press}
    >
      {busy ? (
        <span className={classNames(css.ring, icon !== undefined && css.inPlace)} />
      ) : (
        icon && <Icon name={icon} />
      )}
      {props.children}
    </button>
  );
  if (!off) return button;
  return (
    <>
      <Tooltip text={disabledBecause} described={false}>
        {button}
      </Tooltip>
      <VisuallyHidden id={why}>{disabledBecause}</VisuallyHidden>
    </>
  );
}
