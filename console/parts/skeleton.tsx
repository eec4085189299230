// Grey rows where rows will be, if they take longer than 150 ms.
import css from './skeleton.module.css';
import { VisuallyHidden } from './visually-hidden.tsx';

interface SkeletonProps {
  readonly rows?: number | undefined;
  /** Of a table, with room for the heads of its columns where it has them. */
  readonly head?: boolean | undefined;
}

export function Skeleton({ rows = 3, head = false }: SkeletonProps) {
  return (
    <div className={css.rows}>
      <VisuallyHidden>Loading…</VisuallyHidden>
      {head && <div className={css.head} />}
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
