// What a key can do, and what it cannot.
import { useId } from 'react';
import css from './can-do.module.css';
import { Icon } from './icon.tsx';
import { VisuallyHidden } from './visually-hidden.tsx';

export function CanDo({ can, cannot }: { can: readonly string[]; cannot: readonly string[] }) {
  const id = useId();
  return (
    <section aria-labelledby={id}>
      <h3 id={id} className={css.title}>
        What it can do
      </h3>
      <div className={css.both}>
        <ul className={css.can}>
          {can.map((what) => (
            <li key={what}>
              <Icon name="check" />
              <span>
                <VisuallyHidden>Can: </VisuallyHidden>
                {what}
              </span>
            </li>
          ))}
        </ul>
        <ul className={css.cannot}>
          {cannot.map((what) => (
            <li key={what}>
              <Icon name="close" />
              <span>
                <VisuallyHidden>Cannot: </VisuallyHidden>
                {what}
              </span>
            </li>
          ))}
        </ul>
      </div>
    </section>
  );
}
