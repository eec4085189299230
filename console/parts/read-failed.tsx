// Something could not be read: why, and again. Nothing was sent that could have been done.
import { NoAnswer } from '../../src/client/errors.ts';
import { Worded } from '../words/worded.ts';
import { Button } from './button.tsx';
import { useFocusLeft } from './focus-left.ts';
import css from './read-failed.module.css';
import { Refusal } from './refusal.tsx';

interface ReadFailedProps {
  readonly error: unknown;
  readonly isReading?: boolean | undefined;
  readonly onAgain: () => void;
}

export function ReadFailed({ error, isReading, onAgain }: ReadFailedProps) {
  const button = useFocusLeft();
  return (
    <div className={css.failed}>
      <Refusal error={error instanceof NoAnswer ? new Worded('No connection. It could not be read.') : error} />
      <Button small busy={isReading} buttonRef={button} onPress={onAgain}>
        Try again
      </Button>
    </div>
  );
}
