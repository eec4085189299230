// Text for those who hear the page.
import type { ReactNode } from 'react';
import css from './visually-hidden.module.css';

export function VisuallyHidden({ children, id }: { children: ReactNode; id?: string | undefined }) {
  return (
    <span className={css.hidden} id={id}>
      {children}
    </span>
  );
}
