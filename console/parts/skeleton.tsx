// Grey rows where rows will be, if they take longer than 150 ms.
import css from './skeleton.module.css';
import { VisuallyHidden } from './visually-hidden.tsx';

export function Skeleton({ rows = 3 }: { rows?: number | undefined }) {
  return (
    <div className={css.rows}>
      <VisuallyHidden>Loading…</VisuallyHidden>
      {Array.from({ length: rows }, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they are all the same.
        <div key={row} className={css.row} aria-hidden="true">
          <span />
          <span />
        </div>
      ))}
    </div>
  );
}
