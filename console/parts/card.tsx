// A part of a page, with a border around it.
import { type ReactNode, useId } from 'react';
import css from './card.module.css';
import { classNames } from './class-names.ts';

export interface CardProps {
  title?: ReactNode;
  tone?: 'plain' | 'danger' | undefined;
  /** At the right of the title. */
  actions?: ReactNode;
  /** Without padding: what is in it reaches its edge, a table. */
  flush?: boolean | undefined;
  children?: ReactNode;
}

export function Card({ title, tone = 'plain', actions, flush = false, children }: CardProps) {
  const id = useId();
  return (
    <section
      className={classNames(css.card, tone === 'danger' && css.danger, flush && css.flush)}
      aria-labelledby={title === undefined ? undefined : id}
    >
      {title !== undefined && (
        <div className={css.head}>
          <h2 id={id} className={css.title}>
            {title}
          </h2>
          {actions}
        </div>
      )}
      {children}
    </section>
  );
}
