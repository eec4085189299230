// An id, an account or a public key: first four and last four, all of it in the tooltip and on the clipboard.
import { shortId } from '../words/short-id.ts';
import { classNames } from './class-names.ts';
import { useCopying } from './clipboard.ts';
import { Live } from './live.tsx';
import css from './short-id.module.css';
import { Tooltip } from './tooltip.tsx';
import { VisuallyHidden } from './visually-hidden.tsx';

export interface ShortIdProps {
  value: string;
  /** It is a button that copies all of it; else it is text only. */
  copies?: boolean | undefined;
  /** All of it is shown. */
  full?: boolean | undefined;
}

export function ShortId({ value, copies = false, full = false }: ShortIdProps) {
  const { copied, copy } = useCopying();
  const seen = full ? value : shortId(value);
  if (!copies) {
    return (
      <span className={classNames(css.id, full && css.full)} title={full ? undefined : value}>
        {seen}
      </span>
    );
  }
  return (
    <>
      <Tooltip text={copied ? 'Copied' : full ? 'Copy' : value} described={!full}>
        <button
          type="button"
          className={classNames(css.id, css.button, full && css.full)}
          aria-label={`Copy ${seen}`}
          onClick={() => void copy(() => value)}
        >
          {seen}
        </button>
      </Tooltip>
      <VisuallyHidden>
        <Live>{copied ? 'Copied' : ''}</Live>
      </VisuallyHidden>
    </>
  );
}
