// Nothing is there yet: one sentence, one line of help, one button.
import type { ReactNode } from 'react';
import css from './empty.module.css';

export function Empty({ title, action, children }: { title: ReactNode; action?: ReactNode; children?: ReactNode }) {
  return (
    <div className={css.empty}>
      <p className={css.title}>{title}</p>
      {children !== undefined && <p className={css.help}>{children}</p>}
      {action !== undefined && <div className={css.action}>{action}</div>}
    </div>
  );
}
