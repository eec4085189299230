// Labels and what they say, one under the other.
import { Fragment, type ReactNode } from 'react';
import css from './facts.module.css';

/** A row whose value is undefined, null or false is left out. */
export function Facts({ rows }: { rows: readonly (readonly [label: string, value: ReactNode])[] }) {
  return (
    <dl className={css.facts}>
      {rows.map(
        ([label, value]) =>
          value !== undefined &&
          value !== null &&
          value !== false && (
            <Fragment key={label}>
              <dt>{label}</dt>
              <dd>{value}</dd>
            </Fragment>
          ),
      )}
    </dl>
  );
}
