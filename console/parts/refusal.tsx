// Why something was refused, in a sentence, with the id by which the server's log knows it.
import { type RefusalContext, sentenceFor, shortRequestId } from '../words/refusals.ts';
import { useCopying } from './clipboard.ts';
import { Icon } from './icon.tsx';
import { Live } from './live.tsx';
import css from './refusal.module.css';
import { VisuallyHidden } from './visually-hidden.tsx';

export interface RefusalProps {
  /** Whatever was thrown. */
  readonly error: unknown;
  readonly context?: RefusalContext;
}

export function Refusal({ error, context }: RefusalProps) {
  const { text, requestId } = sentenceFor(error, context);
  const { copied, copy } = useCopying();
  return (
    <div className={css.refusal} role="alert">
      <Icon name="warning" />
      <div>
        {text}
        {requestId !== undefined && (
          <>
            {' '}
            <button
              type="button"
              className={css.id}
              aria-label={`Copy (request ${shortRequestId(requestId)}), all of it`}
              onClick={() => void copy(() => requestId)}
            >
              (request {shortRequestId(requestId)})
            </button>
            <VisuallyHidden>
              <Live>{copied ? 'Copied' : ''}</Live>
            </VisuallyHidden>
          </>
        )}
      </div>
    </div>
  );
}
