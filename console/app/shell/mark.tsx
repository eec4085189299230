// The mark: one hand signed, another signed under it.
import css from './mark.module.css';

export function Mark() {
  return (
    <svg className={css.mark} width={24} height={24} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <rect width={24} height={24} rx={7} />
      <path d="M4.8 15.2c2.4-.4 3.8-7 5.4-7s-.6 6 1 6 2-3.6 3.2-3.6.6 3.2 4.8 2.6" />
      <path className={css.second} d="M5.6 18.6h12.8" />
    </svg>
  );
}
