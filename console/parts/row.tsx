// One of the ways to go on: a whole button, with what it means under its name.
import { type ReactNode, useId } from 'react';
import { Link } from 'wouter';
import { classNames } from './class-names.ts';
import { Icon, type IconName } from './icon.tsx';
import css from './row.module.css';

export interface RowProps {
  /** A picture of a wallet: a `data:` URL that was looked at. */
  picture?: string | undefined;
  icon: IconName | undefined;
  /** In place of an icon. */
  sign?: string | undefined;
  title: ReactNode;
  line?: ReactNode;
  mono?: boolean | undefined;
  /** A sentence in place of the line: it cannot be pressed, and this is why. */
  disabledBecause?: string | undefined;
  /** Either a page of the console, or a press. */
  href?: string | undefined;
  onPress?: (() => void) | undefined;
}

export function Row({ disabledBecause, href, onPress, ...words }: RowProps) {
  const why = useId();
  const off = disabledBecause !== undefined;
  const inside = <Inside {...words} line={off ? <span id={why}>{disabledBecause}</span> : words.line} off={off} />;
  if (href !== undefined && !off) {
    return (
      <Link href={href} className={css.row}>
        {inside}
      </Link>
    );
  }
  return (
    <button
      type="button"
      className={css.row}
      aria-disabled={off || undefined}
      aria-describedby={off ? why : undefined}
      onClick={off ? undefined : onPress}
    >
      {inside}
    </button>
  );
}

function Inside({
  picture,
  icon,
  sign,
  title,
  line,
  mono,
  off,
}: Omit<RowProps, 'href' | 'onPress'> & { off: boolean }) {
  return (
    <>
      <span className={css.sign}>
        {picture !== undefined && <img className={css.picture} src={picture} alt="" width={24} height={24} />}
        {picture === undefined && icon !== undefined && <Icon name={icon} size={18} />}
        {picture === undefined && icon === undefined && <span aria-hidden="true">{sign}</span>}
      </span>
      <span className={css.words}>
        <span className={css.title}>{title}</span>
        {line !== undefined && <span className={classNames(css.line, mono && !off && css.mono)}>{line}</span>}
      </span>
      <span className={css.to}>{!off && <Icon name="chevron" />}</span>
    </>
  );
}
