// Something to know before going on: a bold sentence, and what to do.
import type { ReactNode } from 'react';
import { classNames } from './class-names.ts';
import { Icon, type IconName } from './icon.tsx';
import css from './note.module.css';
import tones from './tone.module.css';

export type NoteKind = 'info' | 'warn' | 'bad' | 'ok' | 'neutral';
const icons: Record<NoteKind, IconName> = {
  info: 'info',
  warn: 'warning',
  bad: 'warning',
  ok: 'check',
  neutral: 'info',
};

export interface NoteProps {
  kind: NoteKind;
  /** The bold sentence. */
  title?: ReactNode;
  action?: ReactNode;
  /** It came after something that the reader did: it is read out. */
  live?: boolean | undefined;
  children?: ReactNode;
}

export function Note({ kind, title, action, live = false, children }: NoteProps) {
  return (
    <div
      className={classNames(css.note, kind === 'neutral' ? css.neutral : tones[kind])}
      role={live ? (kind === 'bad' ? 'alert' : 'status') : undefined}
    >
      <Icon name={icons[kind]} />
      <div className={css.words}>
        <div className={css.text}>
          {title !== undefined && <strong>{title} </strong>}
          {children}
        </div>
        {action !== undefined && <div className={css.action}>{action}</div>}
      </div>
    </div>
  );
}
