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
  /** What is in it is from before: the last reading failed. Greyed, and as easy to read. */
  isOld?: boolean | undefined;
  children?: ReactNode;
}

export function Card({ title, tone = 'plain', actions, flush = false, isOld = false, children }: CardProps) {
  const id = useId();
  return (
    <section
      className={classNames(css.card, tone === 'danger' && css.danger, flush && css.flush, isOld && css.old)}
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

/** What a card says, and the one button that does it. */
export function CardAct({ button, children }: { readonly button: ReactNode; readonly children: ReactNode }) {
  return (
    <div className={css.act}>
      <p>{children}</p>
      {button}
    </div>
  );
}
