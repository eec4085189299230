// A state in a word, with a dot.

import css from './badge.module.css';
import { classNames } from './class-names.ts';

export type BadgeKind = 'ok' | 'warn' | 'info' | 'neutral' | 'danger';

export function Badge({ kind, children }: { kind: BadgeKind; children: string }) {
  return <span className={classNames(css.badge, css[kind])}>{children}</span>;
}
